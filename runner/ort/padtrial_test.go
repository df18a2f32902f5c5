package ort

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
	"github.com/tailscope/tailscope/runner/protocol"
)

// A model whose every position sees the whole prompt and that has no mask: its
// layoutOf looks like a decoder's, but padding changes its answers.
func seesAll(t *testing.T) string {
	g := build.NewGraph("sees-all", build.Float)
	ids := g.In("input_ids", build.Int64, build.DimBatch, build.DimSeq)
	x := g.Op("Gather", []string{g.Weight(build.Weight{Name: "embed_tokens.weight", Dims: []int{64, 16}, Std: 1, Seed: 3}), ids})
	x = g.Op("Add", []string{x, g.Op("ReduceMean", []string{x}, build.AttrInts("axes", 1))})
	head := g.Weight(build.Weight{Name: "head", Dims: []int{16, 64}, Std: 1, Seed: 4})
	g.Out(g.Op("MatMul", []string{x, head}), "logits", build.Float, build.DimBatch, build.DimSeq, 64)
	path := filepath.Join(t.TempDir(), "model.onnx")
	must.OK(t, g.Write(path, build.Options{}))
	return path
}

// Padding is offered where the model itself confirms it, and only there.
func TestPaddingIsTried(t *testing.T) {
	lib := testLibrary(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	paths := map[string]string{"sees-all": seesAll(t)}
	for _, name := range []string{"single", "range-positions", "shared-range", "no-mask", "gqa", "gqa-positions", "torch-llama"} {
		path := must.Get(testmodels.Write(t.TempDir(), name))(t)
		paths[name] = path
	}
	for name, path := range paths {
		trials, err := TryPadding(context.Background(), Options{Library: lib}, path)
		if err != nil || len(trials) == 0 {
			t.Errorf("%s: %v, %v", name, trials, err)
		}
		for _, x := range trials {
			if (x.Why != "") != (name == "sees-all") {
				t.Errorf("%s: %s: %v", name, x.Strategy, x)
			}
		}
	}
	k := startWorker(t)
	k.send(&protocol.Load{Model: paths["sees-all"], Name: "sees-all", Provider: "cpu", Threads: 1, RecompileLimit: 4, Compile: "inline"})
	if loaded := wait[*protocol.Loaded](k); loaded.Lacks["padded"] == "" || loaded.Lacks["bucketed"] == "" {
		t.Errorf("lacks %v", loaded.Lacks)
	}
}
