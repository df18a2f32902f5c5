package testmodels

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
)

// Model describes one test model.
type Model struct {
	Name, Doc string
	LM        bool       // a causal language model made from Spec
	Spec      build.GPT2 // of language models made by package build
	write     func(m Model, dir string) (file string, err error)
}

var small = build.GPT2{Name: "small", Layers: 2, Heads: 4, Width: 32, Vocab: 512, MaxPos: 128, Seed: 7, DType: build.Float}

func with(change func(*build.GPT2)) build.GPT2 {
	c := small
	change(&c)
	return c
}

// All lists the models.
func All() []Model {
	grouped := with(func(c *build.GPT2) { c.KVHeads = 2 })
	half := with(func(c *build.GPT2) { c.DType = build.Float16 })
	fromMask := with(func(c *build.GPT2) { c.Positions = build.FromMask })
	fromRange := with(func(c *build.GPT2) { c.Positions = build.FromRange })
	shared := with(func(c *build.GPT2) { c.Positions = build.FromShared })
	noMask := with(func(c *build.GPT2) { c.Positions, c.NoMask = build.FromRange, true })
	gqa := groupedQuery{Layers: 2, Heads: 4, KVHeads: 2, Width: 32, Vocab: 512, MaxPos: 128, Seed: 7, Positions: build.FromMask}
	gqaPositions := gqa
	gqaPositions.Positions = build.FromInput
	return []Model{
		{"single", "model.onnx with inline weights", true, small, single},
		{"external", "model.onnx and model.onnx_data", true, small, external},
		{"bare", "model.onnx without config.json", true, small, bare},
		{"pair", "decoder_model.onnx and decoder_with_past_model.onnx", true, small, pair},
		{"merged", "decoder_model_merged.onnx with use_cache_branch", true, small, merged},
		{"merged-half", "the same in half precision, grouped heads", true, with(func(c *build.GPT2) { c.KVHeads, c.DType = 1, build.Float16 }), merged},
		{"no-past", "decoder_model.onnx alone", true, small, noPast},
		{"grouped", "2 heads of keys and values for 4 heads", true, grouped, single},
		{"half", "float16 weights, cache and logits", true, half, external},
		{"mask-positions", "no position_ids: counted from attention_mask", true, fromMask, single},
		{"range-positions", "no position_ids: counted from the cache's length", true, fromRange, single},
		{"shared-range", "the same, by the Range that the causal mask compares", true, shared, single},
		{"no-mask", "no position_ids and no attention_mask", true, noMask, single},
		{"gqa", "GroupQueryAttention as onnxruntime-genai's builder writes it", true, build.GPT2{}, graph(gqa.Graph())},
		{"gqa-positions", "the same with position_ids", true, build.GPT2{}, graph(gqaPositions.Graph())},
		{"torch-llama", "Llama with grouped heads, exported by PyTorch, no config.json", true, build.GPT2{}, torchLlama},
		{"mlp", "x [batch_size, 16]", false, build.GPT2{}, graph(perceptron(1))},
		{"vision", "pixel_values [batch_size, 3, height, width]", false, build.GPT2{}, graph(vision(2))},
		{"embedding", "input_ids and attention_mask [batch_size, sequence_length], no logits", false, build.GPT2{}, graph(embedding(3))},
		{"types", "one input [n] of each type", false, build.GPT2{}, graph(types())},
	}
}

// Write writes the named model into dir and returns the path to give to the
// program.
func Write(dir, name string) (string, error) {
	for _, m := range All() {
		if m.Name == name {
			return m.Write(dir)
		}
	}
	return "", fmt.Errorf("no test model %q", name)
}

// Write writes the model into dir and returns the path of its main file.
func (m Model) Write(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	file, err := m.write(m, dir)
	if err == nil && m.Spec.Layers > 0 && m.Name != "bare" {
		err = os.WriteFile(filepath.Join(dir, "config.json"), m.Spec.ConfigJSON(), 0o644)
	}
	return filepath.Join(dir, file), err
}

func graph(g *build.Graph) func(Model, string) (string, error) {
	return func(_ Model, dir string) (string, error) {
		return "model.onnx", g.Write(filepath.Join(dir, "model.onnx"), build.Options{})
	}
}

func single(m Model, dir string) (string, error) { return graph(m.Spec.Graph())(m, dir) }

func bare(m Model, dir string) (string, error) { return single(m, dir) }

func external(m Model, dir string) (string, error) {
	return "model.onnx", m.Spec.Graph().Write(filepath.Join(dir, "model.onnx"), build.Options{External: true})
}

func noPast(m Model, dir string) (string, error) {
	return "decoder_model.onnx", m.Spec.FirstGraph().Write(filepath.Join(dir, "decoder_model.onnx"), build.Options{})
}

func pair(m Model, dir string) (string, error) {
	err := m.Spec.Graph().Write(filepath.Join(dir, "decoder_with_past_model.onnx"), build.Options{})
	if err != nil {
		return "", err
	}
	return noPast(m, dir)
}

func merged(m Model, dir string) (string, error) {
	return "decoder_model_merged.onnx", m.Spec.MergedGraph().Write(filepath.Join(dir, "decoder_model_merged.onnx"), build.Options{})
}

// torchLlamaGz is described in README.md.
//
//go:embed torch_llama.onnx.gz
var torchLlamaGz []byte

func torchLlama(_ Model, dir string) (string, error) {
	z, err := gzip.NewReader(bytes.NewReader(torchLlamaGz))
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(z)
	if err != nil {
		return "", err
	}
	return "model.onnx", os.WriteFile(filepath.Join(dir, "model.onnx"), b, 0o644)
}
