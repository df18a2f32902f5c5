package ort

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// graphFile writes a graph of one output.
func graphFile(t *testing.T, elem int32, make func(g *build.Graph) string, dims ...any) string {
	t.Helper()
	g := build.NewGraph("case", build.Float)
	g.Out(make(g), "y", elem, dims...)
	path := filepath.Join(t.TempDir(), "model.onnx")
	must.OK(t, g.Write(path, build.Options{}))
	return path
}

// loadForward loads a file with what --dim and --input say.
func (k *worker) loadForward(path string, edit func(*protocol.Load)) *protocol.Loaded {
	k.t.Helper()
	l := &protocol.Load{Model: path, Name: "case", Provider: "cpu", Threads: 1, RecompileLimit: 8, Compile: "inline", Check: 1}
	if edit != nil {
		edit(l)
	}
	k.send(l)
	return wait[*protocol.Loaded](k)
}

// failures are the errors of all samples.
func (k *worker) failures() (out []string) {
	for _, rows := range k.settle() {
		for _, r := range rows {
			if r.err != "" {
				out = append(out, r.err)
			}
		}
	}
	return out
}

// concat joins inputs along axis 1 and adds a mask as long as both together.
func concat(total string) func(g *build.Graph) string {
	return func(g *build.Graph) string {
		x, past := g.In("x", build.Float, "batch", "seq"), g.In("past", build.Float, "batch", "past")
		both := g.Op("Concat", []string{past, x}, build.AttrInt("axis", 1))
		return g.Op("Add", []string{both, g.In("mask", build.Float, "batch", total)})
	}
}

// Sizes that must go together are found by trying; expressions are evaluated.
func TestSizesThatGoTogether(t *testing.T) {
	for total, tie := range map[string]string{"total": "seq + past", "past + seq": ""} {
		k := startWorker(t)
		loaded := k.loadForward(graphFile(t, build.Float, concat(total), "batch", total), nil)
		if got := loaded.Model.DimTies["total"]; got != tie {
			t.Errorf("total = %q, want %q (%v)", got, tie, loaded.Notes)
		}
		if !strings.Contains(loaded.Model.MadeUp, "seq = 16,32,64,128") {
			t.Errorf("made up: %q", loaded.Model.MadeUp)
		}
		k.forward("variable", map[string]int{"batch": 2, "seq": 3, "past": 5, "total": 8})
		k.drain("optimized", 1)
		for _, f := range k.failures() {
			t.Error(f)
		}
	}
}

// A batch that two inputs call by different names is one, also where --dim
// gave each a list of its own.
func TestSharedBatch(t *testing.T) {
	path := graphFile(t, build.Float, func(g *build.Graph) string {
		return g.Op("Concat", []string{g.In("x", build.Float, "n", 4), g.In("state", build.Float, "m", 3)}, build.AttrInt("axis", 1))
	}, "n", 7)
	k := startWorker(t)
	loaded := k.loadForward(path, func(l *protocol.Load) { l.Dims = map[string][]int{"n": {1, 4}, "m": {1, 4}} })
	if len(loaded.Model.DimTies) != 1 {
		t.Errorf("ties %v, want one", loaded.Model.DimTies)
	}
}

// A batch is not tried as large as a picture is high: 224 pictures at once are gigabytes, and took 40 s before anything
// was said of a text recogniser whose height must be 48.
func TestTriesOfSizesStaySmall(t *testing.T) {
	path := graphFile(t, build.Float, func(g *build.Graph) string {
		x := g.In("x", build.Float, "batch", 3, "height", "width")
		turned := g.Op("Transpose", []string{x}, build.AttrInts("perm", 2, 1, 0, 3))
		return g.Op("Concat", []string{x, turned}, build.AttrInt("axis", 3)) // takes a batch that is as large as the height
	}, "batch", 3, "height", "twice")
	k := startWorker(t)
	loaded := k.loadForward(path, nil)
	if ties := loaded.Model.DimTies; ties["batch"] != "" || ties["height"] != "batch" {
		t.Errorf("ties %v, want the height to follow the batch", ties)
	}
}

// What an input holds comes from --input: a value, a list, a range, a file.
func TestGivenInputs(t *testing.T) {
	npy := filepath.Join(t.TempDir(), "w.npy")
	header := "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), 0)
	b = append(b, header...)
	for _, v := range []float32{1, 2, 3, 4} {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	must.OK(t, os.WriteFile(npy, b, 0o644))
	path := graphFile(t, build.Float, func(g *build.Graph) string {
		sum := g.In("a", build.Float, 4)
		for _, name := range []string{"b", "c", "d"} {
			sum = g.Op("Add", []string{sum, g.In(name, build.Float, 4)})
		}
		return sum
	}, 4)
	k := startFaulty(t, func(e *engine) {
		shapes := map[string][]int64{"a": {4}, "b": {4}, "c": {4}, "d": {4}}
		for name, want := range map[string]string{"a": "[7 7 7 7]", "b": "[1 2 1 2]", "d": "[1 2 3 4]"} {
			x, err := native.NewStore(native.Memory{}, native.Allocator{}).Tensor(name, false, native.Float, []int64{4})
			if err == nil {
				err = e.feeds.fill(x, name, 0, 1, shapes)
			}
			if got := fmt.Sprint(native.AppendFloats(nil, x.Raw(), native.Float)); err != nil || got != want {
				t.Errorf("%s = %s, %v; want %s", name, got, err, want)
			}
		}
	})
	loaded := k.loadForward(path, func(l *protocol.Load) {
		l.Inputs = map[string]string{"a": "7", "b": "1,2", "c": "3..5", "d": "@" + npy}
	})
	if loaded.Model.MadeUp != "" {
		t.Errorf("made up: %q", loaded.Model.MadeUp)
	}
	k.forward("variable", nil)
	k.drain("optimized", 1)
	for _, f := range k.failures() {
		t.Error(f)
	}
}

// A folder of recorded inputs is replayed, and its outputs are compared: a
// record that the model does not reproduce is a divergence of each lane.
func TestRecordedInputs(t *testing.T) {
	for _, right := range []bool{true, false} {
		dir := t.TempDir()
		write := func(file string, m *onnxpb.TensorProto) {
			b, _ := proto.Marshal(m)
			must.OK(t, os.WriteFile(filepath.Join(dir, file), b, 0o644))
		}
		y := []float32{2, 4, 6}
		if !right {
			y[2] = 5
		}
		write("input_0.pb", &onnxpb.TensorProto{DataType: proto.Int32(1), Dims: []int64{3}, FloatData: []float32{1, 2, 3}})
		write("output_0.pb", &onnxpb.TensorProto{DataType: proto.Int32(1), Dims: []int64{3}, FloatData: y})
		path := graphFile(t, build.Float, func(g *build.Graph) string {
			x := g.In("x", build.Float, "n")
			return g.Op("Add", []string{x, x})
		}, "n")
		k := startWorker(t)
		loaded := k.loadForward(path, func(l *protocol.Load) { l.Recorded = dir })
		if len(loaded.Model.Recorded) != 1 || loaded.Model.Recorded[0]["n"] != 3 || loaded.Model.MadeUp != "" {
			t.Fatalf("recorded %v, made up %q", loaded.Model.Recorded, loaded.Model.MadeUp)
		}
		k.next++
		k.send(&protocol.Request{ID: k.next, Mode: "forward", Batch: 1, Tokens: 1, Exec: [2]int{1, 1}, Dims: loaded.Model.Recorded[0], Recorded: 1,
			Strategy: protocol.Strategy{Prefill: "variable"}, Order: []string{"eager", "optimized"}, Seed: 1})
		k.drain("optimized", 1)
		for _, f := range k.failures() {
			t.Error(f)
		}
		if n := len(k.events(stats.KindDivergence)); (n == 0) != right || !right && n != 2 {
			t.Errorf("right %v: %d divergences", right, n)
		}
	}
}

// Each recorded set that is reproduced is counted at once, also where nothing else is.
func TestRecordedOutputsAreCounted(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		set := filepath.Join(dir, fmt.Sprint("test_data_set_", i))
		must.OK(t, os.Mkdir(set, 0o755))
		for file, v := range map[string]float32{"input_0.pb": 1, "output_0.pb": 2} {
			b, _ := proto.Marshal(&onnxpb.TensorProto{DataType: proto.Int32(1), Dims: []int64{1}, FloatData: []float32{v}})
			must.OK(t, os.WriteFile(filepath.Join(set, file), b, 0o644))
		}
	}
	path := graphFile(t, build.Float, func(g *build.Graph) string {
		x := g.In("x", build.Float, "n")
		return g.Op("Add", []string{x, x})
	}, "n")
	k := startWorker(t)
	k.loadForward(path, func(l *protocol.Load) { l.Recorded, l.Check = dir, 0 })
	for set := 1; set <= 3; set++ {
		k.next++
		k.send(&protocol.Request{ID: k.next, Mode: "forward", Batch: 1, Tokens: 1, Exec: [2]int{1, 1}, Dims: map[string]int{"n": 1}, Recorded: set,
			Strategy: protocol.Strategy{Prefill: "variable"}, Order: []string{"eager"}, Seed: 1})
	}
	k.drain("eager", 3)
	if n := k.counters().Checks.N; n != 3 {
		t.Errorf("%d comparisons are counted, want 3", n)
	}
}

// An optional output that is none is no crash.
func TestNoneOutput(t *testing.T) {
	path := must.Get(testmodels.WriteCase(t.TempDir(), "none"))(t)
	k := startWorker(t)
	k.loadForward(path, func(l *protocol.Load) { l.Inputs = map[string]string{"cond": "false"} })
	for range 3 {
		k.forward("variable", nil)
	}
	k.drain("optimized", 3)
	for _, f := range k.failures() {
		t.Error(f)
	}
}

// Text is not made up, but it can be given.
func TestGivenText(t *testing.T) {
	path := graphFile(t, 8, func(g *build.Graph) string { return g.Op("Identity", []string{g.In("text", 8, 2)}) }, 2)
	k := startWorker(t)
	if _, refused := k.loadFile(path); refused == nil || !strings.Contains(refused.Message, "--input text=") {
		t.Fatalf("text that nobody gave: %v", refused)
	}
	k = startWorker(t)
	loaded := k.loadForward(path, func(l *protocol.Load) { l.Inputs = map[string]string{"text": "one,two"} })
	if why, lacks := loaded.Lacks["forward"]; lacks || !strings.HasSuffix(loaded.Lacks["prefill"], "this model runs in forward: --mode forward") {
		t.Errorf("forward %q, prefill %q", why, loaded.Lacks["prefill"])
	}
	k.forward("variable", nil)
	k.drain("optimized", 1)
	for _, f := range k.failures() {
		t.Error(f)
	}
}

// Outputs near zero, infinities and NaNs in the same places are equal.
func TestDistance(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		a, b []float32
		same bool
	}{
		{[]float32{2e-6, 3e-6}, []float32{2.03e-6, 3e-6}, true},
		{[]float32{1, inf, nan}, []float32{1, inf, nan}, true},
		{[]float32{1, -inf}, []float32{1, -inf}, true},
		{[]float32{1, inf}, []float32{1, -inf}, false},
		{[]float32{1, nan}, []float32{1, 2}, false},
		{[]float32{1, 2}, []float32{1, 2.1}, false},
		{[]float32{0, 0}, []float32{0, 1}, false},
	} {
		d, err := relL2(c.a, c.b)
		if err != nil || (d <= tolerance) != c.same {
			t.Errorf("%v, %v: %v, %v; want the same: %v", c.a, c.b, d, err, c.same)
		}
	}
}

// More compute threads than CPUs turn the winner round: that is said.
func TestOversubscription(t *testing.T) {
	path := graphFile(t, build.Float, func(g *build.Graph) string { return g.Op("Relu", []string{g.In("x", build.Float, 4)}) }, 4)
	k := startWorker(t)
	loaded := k.loadForward(path, func(l *protocol.Load) { l.Threads = native.AllowedCPUs() + 7 })
	if !strings.Contains(strings.Join(loaded.Notes, "; "), "compute threads share") {
		t.Errorf("notes %q", loaded.Notes)
	}
}
