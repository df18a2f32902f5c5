package onnxmodel

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
)

func writeProto(t testing.TB, m proto.Message) string {
	t.Helper()
	b := must.Get(proto.Marshal(m))(t)
	path := filepath.Join(t.TempDir(), "model.onnx")
	must.OK(t, os.WriteFile(path, b, 0o644))
	return path
}

// chain is x → Relu a → y, to be damaged.
func chain() *onnxpb.ModelProto {
	return &onnxpb.ModelProto{
		IrVersion: proto.Int64(7), OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: proto.Int64(14)}},
		Graph: &onnxpb.GraphProto{
			Node: []*onnxpb.NodeProto{
				{Name: proto.String("first"), OpType: proto.String("Relu"), Input: []string{"x"}, Output: []string{"a"}},
				{Name: proto.String("second"), OpType: proto.String("Add"), Input: []string{"a", "w"}, Output: []string{"y"}},
			},
			Initializer: []*onnxpb.TensorProto{{Name: proto.String("w"), DataType: proto.Int32(1), Dims: []int64{2}, RawData: make([]byte, 8)}},
			Input:       []*onnxpb.ValueInfoProto{valueInfo("x", "float32", []string{"n", "2"})},
			Output:      []*onnxpb.ValueInfoProto{valueInfo("y", "float32", []string{"n", "2"})},
		},
	}
}

func external(loc, off, length string) func(*onnxpb.ModelProto) {
	return func(m *onnxpb.ModelProto) {
		w := m.Graph.Initializer[0]
		w.RawData, w.DataLocation = nil, onnxpb.TensorProto_EXTERNAL.Enum()
		w.ExternalData = []*onnxpb.StringStringEntryProto{entry("location", loc), entry("offset", off), entry("length", length)}
	}
}

// TestInspectBadGraphs: each error names what is wrong, in one sentence.
func TestInspectBadGraphs(t *testing.T) {
	for want, damage := range map[string]func(*onnxpb.ModelProto){
		`cycle through or before node "first" (Relu)`:            func(m *onnxpb.ModelProto) { m.Graph.Node[0].Input[0] = "y" },
		`node "second" (Add) reads "zz", which nothing produces`: func(m *onnxpb.ModelProto) { m.Graph.Node[1].Input[1] = "zz" },
		`node "second" (Add) produces "a", which is there`:       func(m *onnxpb.ModelProto) { m.Graph.Node[1].Output[0] = "a" },
		`output "q": no node produces it`:                        func(m *onnxpb.ModelProto) { m.Graph.Output[0].Name = proto.String("q") },
		`weight "w": dimensions [3] of float32 need 12 bytes`:    func(m *onnxpb.ModelProto) { m.Graph.Initializer[0].Dims = []int64{3} },
		`weight "w" has impossible dimensions [-1]`:              func(m *onnxpb.ModelProto) { m.Graph.Initializer[0].Dims = []int64{-1} },
		`impossible dimensions [4611686018427387904 16]`:         func(m *onnxpb.ModelProto) { m.Graph.Initializer[0].Dims = []int64{1 << 62, 16} },
		`states no opset`:                                         func(m *onnxpb.ModelProto) { m.OpsetImport = nil },
		`has no outputs`:                                          func(m *onnxpb.ModelProto) { m.Graph.Output = nil },
		`holds no graph`:                                          func(m *onnxpb.ModelProto) { m.Graph = nil },
		`node "first" (Relu) has no operator`:                     nil, // see below
		`input "x" is declared twice`:                             func(m *onnxpb.ModelProto) { m.Graph.Input = append(m.Graph.Input, m.Graph.Input[0]) },
		`its weights file "gone.bin" is missing`:                  external("gone.bin", "0", "8"),
		`refers to "../x", which is outside of the model's`:       external("../x", "0", "8"),
		`refers to "/etc/passwd", which is outside`:               external("/etc/passwd", "0", "8"),
		`"model.onnx" is cut short`:                               external("model.onnx", "4096", "8"),
		`weight "w" has an impossible place`:                      external("model.onnx", "-1", "8"),
		`weight "w" needs 8 bytes, its entry for "model.onnx" ha`: external("model.onnx", "0", "4"),
	} {
		m := chain()
		if damage == nil {
			m.Graph.Node[0].OpType, want = nil, `node "first" () has no operator`
		} else {
			damage(m)
		}
		_, err := Inspect(writeProto(t, m))
		if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("error %v, want …%s…", err, want)
		}
	}
	if _, err := Inspect(writeProto(t, chain())); err != nil {
		t.Error(err)
	}
}

func TestInspectBadFiles(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ content, want string }{
		"empty.onnx": {"", "is empty (0 bytes)"},
		"text.onnx":  {"# a readme\nand more text", "is not an ONNX file"},
		"png.onnx":   {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is not an ONNX file"},
		"lfs.onnx":   {"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 5\n", "git-lfs"},
	} {
		path := filepath.Join(dir, name)
		os.WriteFile(path, []byte(c.content), 0o644)
		if _, err := Inspect(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want …%s…", name, err, c.want)
		}
	}
	if _, err := Inspect(t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no .onnx file") {
		t.Error(err)
	}
	if _, err := Inspect(filepath.Join(dir, "none.onnx")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestInspectCut: a model cut anywhere is refused.
func TestInspectCut(t *testing.T) {
	b := must.Get(os.ReadFile(testModel(t, "embedding")))(t)
	for n := 1; n < len(b); n += 1 + n/40 {
		m, err := scanReader(bytes.NewReader(b[:n]), int64(n))
		if err == nil {
			err = m.check()
		}
		if err == nil {
			t.Errorf("cut to %d of %d bytes: no error", n, len(b))
		}
	}
}

// TestInspectDeep: nesting has a bound.
func TestInspectDeep(t *testing.T) {
	g := chain().Graph
	for range maxDepth + 2 {
		g = &onnxpb.GraphProto{Node: []*onnxpb.NodeProto{{OpType: proto.String("If"), Attribute: []*onnxpb.AttributeProto{{G: g}}}}}
	}
	m := chain()
	m.Graph = g
	if _, err := Inspect(writeProto(t, m)); err == nil || !strings.Contains(err.Error(), "nests graphs more than") {
		t.Error(err)
	}
}

// TestInspectClaims: lengths that a file claims allocate nothing.
func TestInspectClaims(t *testing.T) {
	b := protowire.AppendTag(nil, modelGraph, protowire.BytesType)
	b = protowire.AppendVarint(b, 1<<40)
	b = protowire.AppendTag(b, graphNode, protowire.BytesType)
	b = protowire.AppendVarint(b, 1<<39)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := scanReader(bytes.NewReader(b), int64(len(b)))
	runtime.ReadMemStats(&after)
	if err == nil || after.TotalAlloc-before.TotalAlloc > 1<<20 {
		t.Errorf("%v, %d bytes allocated", err, after.TotalAlloc-before.TotalAlloc)
	}
}

// TestInspectLayouts: kinds, layouts, sizes and what they allow.
func TestInspectLayouts(t *testing.T) {
	for name, want := range map[string]struct{ layout, modes, no string }{
		"single":          {LayoutSingle, "prefill kv_decode e2e_kv", "static-cache"},
		"pair":            {LayoutPair, "prefill kv_decode e2e_kv", "static-cache"},
		"merged":          {LayoutMerged, "prefill kv_decode e2e_kv", "static-cache"},
		"no-past":         {LayoutSingle, "prefill", "variable padded bucketed dynamic eager kv-bucketed static-cache"},
		"mask-positions":  {LayoutSingle, "prefill kv_decode e2e_kv", "static-cache"},
		"range-positions": {LayoutSingle, "prefill kv_decode e2e_kv", "static-cache"},
		"vision":          {LayoutSingle, "forward", ""},
	} {
		info := must.Get(Inspect(testModel(t, name)))(t)
		modes, no := names(info.Modes, true), names(info.Strategies["decode"], false)
		if info.Layout != want.layout || modes != want.modes || no != want.no {
			t.Errorf("%s: %s, modes %s, decode not by %s", name, info.Layout, modes, no)
		}
		for _, a := range append(info.Modes, info.Strategies["decode"]...) {
			if a.OK == (a.Why != "") {
				t.Errorf("%s: %+v", name, a)
			}
		}
	}
}

// TestForwardHasNoRoles: a vision model whose output is called logits is none
// the less no language model.
func TestForwardHasNoRoles(t *testing.T) {
	ownCache(t)
	p := prepared(t, testModel(t, "vision"))
	if p.Forward == nil || p.Prefill != nil || p.Forward.Logits != "" || p.Forward.InputIDs != "" {
		t.Errorf("%+v", p.Forward)
	}
}

func names(list []Allowed, ok bool) string {
	var s []string
	for _, a := range list {
		if a.OK == ok {
			s = append(s, a.Name)
		}
	}
	return strings.Join(s, " ")
}

// tinyLM has the ports of a language model of one layer and hardly a node.
func tinyLM() *onnxpb.ModelProto {
	m := chain()
	past, total := []string{DimBatch, "1", DimPast, "2"}, []string{DimBatch, "1", DimTotal, "2"}
	m.Graph.Input = []*onnxpb.ValueInfoProto{
		valueInfo("input_ids", "int64", []string{DimBatch, DimSeq}), valueInfo("attention_mask", "int64", []string{DimBatch, DimTotal}),
		valueInfo("position_ids", "int64", []string{DimBatch, DimSeq}),
		valueInfo("past_key_values.0.key", "float32", past), valueInfo("past_key_values.0.value", "float32", past),
	}
	m.Graph.Output = []*onnxpb.ValueInfoProto{
		valueInfo("logits", "float32", []string{DimBatch, DimSeq, "2"}),
		valueInfo("present.0.key", "float32", total), valueInfo("present.0.value", "float32", total),
	}
	m.Graph.Node = nil
	for i, in := range []string{"w", "past_key_values.0.key", "past_key_values.0.value"} {
		m.Graph.Node = append(m.Graph.Node, &onnxpb.NodeProto{OpType: proto.String("Relu"), Input: []string{in}, Output: []string{m.Graph.Output[i].GetName()}})
	}
	return m
}

// FuzzInspect: whatever the bytes, Inspect returns, and what it accepts can
// be prepared or is refused in words.
func FuzzInspect(f *testing.F) {
	path := must.Get(testmodels.Write(f.TempDir(), "types"))(f)
	b, _ := os.ReadFile(path)
	f.Add(b)
	lm, _ := proto.Marshal(tinyLM())
	f.Add(lm)
	b, _ = proto.Marshal(chain())
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "model.onnx")
		must.OK(t, os.WriteFile(path, b, 0o644))
		info, err := Inspect(path)
		if err != nil {
			return
		}
		if len(info.Modes) == 0 {
			t.Error("no modes")
		}
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		p, err := Prepare(path)
		if err != nil {
			return
		}
		for _, g := range []*Graph{p.Prefill, p.Decode, p.Bucketed, p.PrefillCapture, p.BucketedCapture, p.Forward} {
			if g != nil {
				if _, err := load(g.Path); err != nil {
					t.Errorf("prepared graph: %v", err)
				}
			}
		}
	})
}

// BenchmarkPrepare is what a start with everything in the cache pays.
func BenchmarkPrepare(b *testing.B) {
	path, err := EnsureBuiltin("default")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Prepare(path); err != nil {
			b.Fatal(err)
		}
	}
}
