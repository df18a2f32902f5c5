package onnxmodel

import (
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/build"
)

// What an input means follows from its name and from what reads it.
func TestFeeds(t *testing.T) {
	const i64 = build.Int64
	f32 := build.Float
	table := build.Weight{Name: "table", Dims: []int{50, 4}, Std: 1}
	for _, c := range []struct {
		name string
		make func(g *build.Graph) string
		want map[string]Feed
	}{
		{"a sample rate", func(g *build.Graph) string {
			sr := g.In("sr", i64)
			return g.Op("Add", []string{g.In("x", f32, "batch", 8), g.Op("Cast", []string{sr}, build.AttrInt("to", int64(f32)))})
		}, map[string]Feed{"sr": {Rule: Fixed, Value: 16000}, "x": {Rule: Noise}}},
		{"lengths of the input that shares the name", func(g *build.Graph) string {
			g.In("style", f32, 1, "k")
			g.In("x", f32, "batch", "frames", 80)
			return g.Op("Identity", []string{g.In("x_lens", i64, "batch")})
		}, map[string]Feed{"x_lens": {Rule: Size, Of: "x", Axis: 1}}},
		{"a mask in floats", func(g *build.Graph) string {
			return g.Op("Relu", []string{g.In("attention_mask", f32, "batch", "seq")})
		},
			map[string]Feed{"attention_mask": {Rule: Fixed, Value: 1}}},
		{"ids of a table, through Cast", func(g *build.Graph) string {
			ids := g.Op("Cast", []string{g.In("tokens", 6, "batch", "seq")}, build.AttrInt("to", int64(i64)))
			return g.Op("Gather", []string{g.Weight(table), ids})
		}, map[string]Feed{"tokens": {Rule: Index, Value: 50}}},
		{"indices of another input, along an axis", func(g *build.Graph) string {
			return g.Op("Gather", []string{g.In("data", f32, 5, 7), g.In("at", i64, "n")}, build.AttrInt("axis", 1))
		}, map[string]Feed{"at": {Rule: Index, Of: "data", Axis: 1}}},
		{"a target shape", func(g *build.Graph) string {
			return g.Op("Reshape", []string{g.In("x", f32, "batch", 8), g.In("to", i64, 2)})
		}, map[string]Feed{"to": {Rule: Keep}}},
		{"bounds of a slice", func(g *build.Graph) string {
			return g.Op("Slice", []string{g.In("x", f32, "n", 8), g.In("from", i64, 1), g.In("until", i64, 1), g.In("along", i64, 1)})
		}, map[string]Feed{"from": {Rule: Fixed}, "until": {Rule: Largest}, "along": {Rule: Count}}},
		{"whole divisors are not 0", func(g *build.Graph) string {
			return g.Op("Mod", []string{g.Op("Div", []string{g.In("x", i64, "n"), g.In("by", i64, 1)}), g.In("of", i64, "n")})
		}, map[string]Feed{"by": {Rule: Fixed, Value: 1}, "of": {Rule: Fixed, Value: 1}, "x": {Rule: Noise}}},
		{"a divisor in floats is any", func(g *build.Graph) string {
			return g.Op("Div", []string{g.In("x", f32, "n"), g.In("by", f32, "n")})
		}, map[string]Feed{"by": {Rule: Noise}}},
		{"a picture in bytes", func(g *build.Graph) string {
			return g.Op("Cast", []string{g.In("img", 2, "batch", "h", "w", 3)}, build.AttrInt("to", int64(f32)))
		}, map[string]Feed{"img": {Rule: Index, Value: 256}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := build.NewGraph("feeds", f32)
			g.Out(c.make(g), "y", f32)
			path := filepath.Join(t.TempDir(), "model.onnx")
			must.OK(t, g.Write(path, build.Options{}))
			info := must.Get(Inspect(path))(t)
			got := map[string]Feed{}
			for _, f := range info.Feeds() {
				got[f.Input] = f
			}
			for name, want := range c.want {
				f := got[name]
				if f.Rule != want.Rule || f.Value != want.Value || f.Of != want.Of || f.Axis != want.Axis {
					t.Errorf("%s: %+v, want %+v", name, f, want)
				}
			}
		})
	}
}

// A dimension that is an expression over others is none of its own.
func TestExpressionsAreNoDimensions(t *testing.T) {
	g := build.NewGraph("expr", build.Float)
	g.In("past", build.Float, "batch", "past_sequence_length")
	g.Out(g.Op("Relu", []string{g.In("mask", build.Float, "batch", "past_sequence_length + 1")}), "y", build.Float)
	path := filepath.Join(t.TempDir(), "model.onnx")
	must.OK(t, g.Write(path, build.Options{}))
	info := must.Get(Inspect(path))(t)
	if len(info.Dims) != 2 {
		t.Errorf("dimensions %v, want batch and past_sequence_length", info.Dims)
	}
}

// What labels tokens is no language model, though its ports are called so.
func TestTaggersAreNoLanguageModels(t *testing.T) {
	for width, want := range map[int]string{8: KindAny, 50: KindCausalLM} {
		g := build.NewGraph("tagger", build.Float)
		ids := g.In("input_ids", build.Int64, "batch", "seq")
		x := g.Op("Gather", []string{g.Weight(build.Weight{Name: "table", Dims: []int{50, 4}, Std: 1}), ids})
		x = g.Op("MatMul", []string{x, g.Weight(build.Weight{Name: "head", Dims: []int{4, width}, Std: 1})})
		g.Out(x, "logits", build.Float, "batch", "seq", width)
		path := filepath.Join(t.TempDir(), "model.onnx")
		must.OK(t, g.Write(path, build.Options{}))
		info := must.Get(Inspect(path))(t)
		if info.Kind != want {
			t.Errorf("%d values a token, 50 ids: %s (%s), want %s", width, info.Kind, info.WhyNotLM, want)
		}
	}
}
