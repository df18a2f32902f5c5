package onnxmodel

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
)

// Builtin is a model that the program builds itself.
type Builtin struct {
	Name, Doc string
	spec      spec
}

// spec is a description that becomes a graph.
type spec interface {
	Graph() *build.Graph
	ConfigJSON() []byte
}

// DTypes are the types that a built-in language model's weights can have; a
// model of another type than its own is named NAME-TYPE.
var DTypes = []string{"float32", "float16", "bfloat16"}

var dtypes = map[string]int32{"float32": build.Float, "float16": build.Float16, "bfloat16": build.BFloat16}

// as is the model with weights of another type.
func (b Builtin) as(dtype string) (Builtin, error) {
	t, ok := dtypes[dtype]
	if !ok {
		return b, fmt.Errorf("weights of type %q: there are %s", dtype, strings.Join(DTypes, ", "))
	}
	switch c := b.spec.(type) {
	case build.GPT2:
		c.DType = t
		b.spec = c
	case build.Llama:
		c.DType = t
		b.spec = c
	default:
		return b, fmt.Errorf("built-in model %q has weights of one type only", b.Name)
	}
	b.Name += "-" + dtype
	return b, nil
}

// The default was chosen by TestDefaultShowsTheMatter: on one thread of a
// virtual CPU, 6 to 96 tokens, optimized p50 is 0.61 of eager p50 (0.50 at 12
// tokens, 0.73 at 96) and a compile costs 54 ms, 87 times the optimized p50.
// Width 128 with a vocabulary of 8192 gave 0.79: there products of matrices
// outweigh what optimisation removes.
var builtins = []Builtin{
	{"default", "GPT-2 of 6 layers, 2 heads, width 64, 2,048 words: shows the matter on a laptop's CPU", build.GPT2{
		Name: "default", Layers: 6, Heads: 2, Width: 64, Vocab: 2048, MaxPos: 1024, Seed: 1, DType: build.Float}},
	{"tiny-gpt2", "the model of technical report 120: 2 layers, 2 heads, width 2", build.GPT2{
		Name: "tiny-gpt2", Layers: 2, Heads: 2, Width: 2, Vocab: 50257, MaxPos: 1024, Seed: 1, DType: build.Float}},
	{"gpt2", "the size of GPT-2 small: 124 million weights, 500 MB", build.GPT2{
		Name: "gpt2", Layers: 12, Heads: 12, Width: 768, Vocab: 50257, MaxPos: 1024, Seed: 1, DType: build.Float}},
	{"llama-1b", "a Llama of 1.2 billion weights with grouped-query attention, float16, 2.5 GB", build.Llama{
		Name: "llama-1b", Layers: 16, Heads: 32, KVHeads: 8, Width: 2048, Inner: 8192, Vocab: 128256, MaxPos: 8192, Theta: 500000, Seed: 1, DType: build.Float16}},
	{"vision", "a residual network of 18 convolutions and more, images of any size, for mode forward", build.ResNet{Name: "vision", Blocks: 2, Classes: 1000, Seed: 1}},
}

// Builtins lists the models that EnsureBuiltin knows.
func Builtins() []Builtin { return append([]Builtin(nil), builtins...) }

// EnsureBuiltin returns the path of model.onnx of a built-in model and builds
// it into the user's cache if it is not there. Processes that start at once
// build it once; a half-built model is never seen.
func EnsureBuiltin(name string) (string, error) { return EnsureBuiltinProgress(name, nil) }

// EnsureBuiltinProgress is EnsureBuiltin reporting bytes of weights written.
func EnsureBuiltinProgress(name string, progress func(done, total int64)) (string, error) {
	b, err := findBuiltin(name)
	if err != nil {
		return "", err
	}
	root, err := cacheRoot()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, b.Name+"-"+b.key())
	err = ensureDir(dir, func(tmp string) error { return b.build(tmp, progress) })
	if err != nil {
		return "", fmt.Errorf("build model %q: %w", name, err)
	}
	return filepath.Join(dir, "model.onnx"), nil
}

// BuildBuiltin writes model.onnx, its weights and config.json into dir.
func BuildBuiltin(name, dir string, progress func(done, total int64)) error {
	b, err := findBuiltin(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return b.build(dir, progress)
}

func findBuiltin(name string) (Builtin, error) {
	var names []string
	for _, b := range builtins {
		if b.Name == name {
			return b, nil
		}
		if dtype, ok := strings.CutPrefix(name, b.Name+"-"); ok && dtypes[dtype] != 0 {
			return b.as(dtype)
		}
		names = append(names, b.Name)
	}
	return Builtin{}, fmt.Errorf("no built-in model %q; there are %s", name, strings.Join(names, ", "))
}

// key changes with everything that decides the bytes.
func (b Builtin) key() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %+v", build.Version, b.spec))
	return hex.EncodeToString(sum[:6])
}

func (b Builtin) build(dir string, progress func(done, total int64)) error {
	err := os.WriteFile(filepath.Join(dir, "config.json"), b.spec.ConfigJSON(), 0o644)
	if err != nil {
		return err
	}
	g, size := b.spec.Graph(), int64(0)
	for _, w := range g.Weights {
		size += w.Size()
	}
	if err := needSpace(dir, size); err != nil {
		return err
	}
	return g.Write(filepath.Join(dir, "model.onnx"), build.Options{External: true, Progress: progress})
}
