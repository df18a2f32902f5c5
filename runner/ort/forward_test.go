package ort

import (
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/limit"
)

// moduleDir is where the go command keeps a module's files.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Fatalf("the sources of %s, which this module requires, are not here: %v", module, err)
	}
	return dir
}

// forward sends one forward request in both lanes.
func (k *worker) forward(strategy string, dims map[string]int) uint64 {
	k.next++
	k.send(&protocol.Request{
		ID: k.next, Mode: "forward", Batch: 1, Tokens: 1, Exec: [2]int{1, 1}, Dims: dims,
		Strategy: protocol.Strategy{Prefill: strategy, Decode: strategy},
		Order:    []string{"eager", "optimized"}, Seed: k.next,
	})
	return k.next
}

// next returns loaded, or the fatal error that came instead.
func (k *worker) loadFile(path string) (*protocol.Loaded, *protocol.Error) {
	k.t.Helper()
	k.send(&protocol.Load{Model: path, Name: filepath.Base(path), Provider: "cpu", Threads: 1, RecompileLimit: 4, Compile: "inline", Check: 1})
	for {
		switch m := (<-k.got).(type) {
		case *protocol.Loaded:
			return m, nil
		case *protocol.Error:
			return nil, m
		case nil:
			k.t.Fatal("the worker ended without a word")
		}
	}
}

// The models among onnxruntime_go's own test data run in both lanes, and the
// lanes agree; what cannot be made up is refused in a sentence.
func TestForwardOtherModels(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(moduleDir(t, "github.com/yalue/onnxruntime_go"), "test_data", "*.onnx"))
	if len(files) < 5 {
		t.Fatalf("only %d models found", len(files))
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			if strings.Contains(f, "big_compute") { // 200 MB of inputs
				demand.Time(t)
			}
			k := startWorker(t)
			loaded, refused := k.loadFile(f)
			if refused != nil {
				t.Logf("refused: %s", refused.Message)
				if !strings.Contains(refused.Message, "string") && !strings.Contains(refused.Message, "bfloat16") {
					t.Errorf("refused: %s", refused.Message)
				}
				return
			}
			dims := map[string]int{}
			for _, d := range loaded.Model.Dims {
				dims[d] = 2
			}
			n := 2
			if !strings.Contains(f, "big_compute") {
				n = 16 // inputs vary, and with them the sizes of some outputs
			}
			for range n - 1 {
				k.forward("variable", dims)
			}
			k.forward("dynamic", dims)
			k.drain("optimized", n)
			rows := k.settle()
			for lane, rs := range rows {
				for _, r := range rs {
					t.Logf("%s %s %s: %d µs %s", lane, r.strategy, r.shape, r.wall/1000, r.err)
					if r.err != "" {
						t.Error(r.err)
					}
				}
			}
			c := k.counters()
			if c.Checks.Failed != 0 || c.Checks.N == 0 && c.Checks.Skipped == "" {
				t.Errorf("checks %+v", c.Checks)
			}
			for _, e := range k.events(stats.KindDivergence) {
				t.Error(e.Reason)
			}
		})
	}
}

// An output whose declared size or rank is wrong fails once in each lane and is then
// allocated by ONNX Runtime, also where both lanes had bound it already.
func TestForwardDistrustsDeclaredShapes(t *testing.T) {
	for name, declared := range map[string][]any{"size": {"rows", 4}, "rank": nil} {
		t.Run(name, func(t *testing.T) {
			distrusts(t, graphFile(t, build.Float, func(g *build.Graph) string {
				x := g.In("x", build.Float, "rows", 4)
				if declared == nil { // a function: once it is inlined ONNX Runtime infers the rank and holds memory against it
					x = g.Op("HardSwish", []string{x})
				}
				return g.Op("Concat", []string{x, x}, build.AttrInt("axis", 0))
			}, declared...))
		})
	}
}

func distrusts(t *testing.T, path string) {
	t.Helper()
	k := startWorker(t)
	if _, refused := k.loadFile(path); refused != nil {
		t.Fatal(refused.Message)
	}
	for range 3 {
		k.next++
		k.send(&protocol.Request{ID: k.next, Mode: "forward", Batch: 1, Tokens: 1, Exec: [2]int{1, 1}, Dims: map[string]int{"rows": 3},
			Strategy: protocol.Strategy{Prefill: "variable"}, Order: []string{"eager", "optimized"}, Together: true, Seed: k.next})
	}
	k.drain("optimized", 3)
	for lane, rows := range k.settle() {
		for i, r := range rows {
			if wrong := strings.Contains(r.err, "declares an output's shape wrong"); (r.err != "") != wrong || wrong && i > 0 {
				t.Errorf("%s, request %d: %q", lane, i+1, r.err)
			}
		}
	}
	if c := k.counters(); c.Checks.N == 0 || c.Checks.Failed != 0 {
		t.Errorf("checks %+v", c.Checks)
	}
}

// Half precision is compared by its own tolerance in forward too.
func TestForwardTolerance(t *testing.T) {
	for elem, want := range map[int32]float64{build.Float: tolerance, build.Float16: toleranceHalf} {
		t.Run(native.Type(elem).String(), func(t *testing.T) {
			g := build.NewGraph("half", elem)
			g.Out(g.Op("Relu", []string{g.In("x", elem, "n")}), "y", elem, "n")
			path := filepath.Join(t.TempDir(), "model.onnx")
			must.OK(t, g.Write(path, build.Options{}))
			k := startWorker(t)
			if _, refused := k.loadFile(path); refused != nil {
				t.Fatal(refused.Message)
			}
			k.forward("variable", map[string]int{"n": 3})
			k.drain("optimized", 1)
			k.settle()
			if got := k.counters().Checks.Tolerance; got != want {
				t.Errorf("tolerance %g, want %g", got, want)
			}
		})
	}
}

// TestTheLimitOfAForwardPass: a residual network of 18 layers at 224 × 224 is
// 1.814 billion multiplications and additions and 11.69 million weights (He, Zhang,
// Ren and Sun, CVPR 2016, table 1, and its published weights).
func TestTheLimitOfAForwardPass(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("vision", nil)
	dims, told := map[string]int{"batch_size": 1, "height": 224, "width": 224}, map[string]limit.Work{}
	k.forward("variable", dims)
	wait[*protocol.Evidence](k) // its probe tells what was computed
	k.forward("variable", dims)
	for len(told) < 2 {
		w := wait[*protocol.Work](k)
		told[w.Lane] = w.Passes[0].Natural
	}
	for lane, w := range told {
		if ops := 2 * 1.814e9; math.Abs(w.Ops/ops-1) > .01 {
			t.Errorf("%s: %v operations, want %v", lane, w.Ops, ops)
		}
		if bytes := 4 * (11.69e6 + 3*224*224 + 1000); math.Abs(w.Bytes/bytes-1) > .01 {
			t.Errorf("%s: %v bytes, want %v", lane, w.Bytes, bytes)
		}
	}
}
