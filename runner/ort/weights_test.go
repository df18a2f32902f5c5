package ort

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
	"github.com/tailscope/tailscope/runner/ort/native"
)

// rss is resident memory in bytes: what is the process's own, and what it
// maps from files.
func rss(t testing.TB) (anon, file int64) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		demand.Lacks(t, demand.Linux, "no /proc")
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var kb int64
		switch {
		case strings.HasPrefix(sc.Text(), "RssAnon:"):
			fmt.Sscanf(sc.Text(), "RssAnon: %d kB", &kb)
			anon = kb << 10
		case strings.HasPrefix(sc.Text(), "RssFile:"):
			fmt.Sscanf(sc.Text(), "RssFile: %d kB", &kb)
			file = kb << 10
		}
	}
	return anon, file
}

// Executables of many shapes share the weights: ten cost at most 1.3 times
// the weights of a 500 MB model (the slow test), the first one included.
func TestTenShapesShareWeights(t *testing.T) {
	name, shapes := "default", 10
	if os.Getenv("TAILSCOPE_SLOW") != "" {
		name = "gpt2"
	}
	testOpen(t)
	path := must.Get(onnxmodel.EnsureBuiltin(name))(t)
	p := must.Get(onnxmodel.Prepare(path))(t)
	g := must.Get(native.NewGraph(p.Prefill))(t)
	w := must.Get(native.NewWeights(native.Provider{Name: "cpu"}))(t)
	m := &native.Maker{Provider: native.Provider{Name: "cpu"}, Threads: 1, Weights: w}
	anon0, file0 := rss(t)
	var open []*native.Session
	for i := range shapes {
		s := must.Get(m.Open(g, native.SessionSpec{Compiled: true, Fixed: g.Fixed(lmShape{batch: 1, seq: 5 + 3*i, past: 0}.values())}))(t)
		open = append(open, s)
		anon, file := rss(t)
		t.Logf("%2d sessions: own %.0f MB, from files %.0f MB, the last took %d ms", i+1, float64(anon-anon0)/1e6, float64(file-file0)/1e6, s.MakeNs/1e6)
	}
	anon, file := rss(t)
	got, limit := float64(anon-anon0+file-file0), 1.3*float64(p.Info.Bytes)
	if name == "default" {
		limit += 100e6 // graphs, threads and arenas weigh more than so small a model
	}
	t.Logf("model %.0f MB, %d sessions %.0f MB: %.2f times", float64(p.Info.Bytes)/1e6, shapes, got/1e6, got/float64(p.Info.Bytes))
	if got > limit {
		t.Errorf("%d sessions cost %.0f MB, more than %.0f MB", shapes, got/1e6, limit/1e6)
	}
	for _, s := range open {
		s.Free()
	}
	w.Free()
}

// A weight of no elements in a file of its own, which is empty, is no reason to refuse a model.
func TestWeightOfNothing(t *testing.T) {
	g := build.NewGraph("case", build.Float)
	g.Out(g.Op("Concat", []string{g.In("x", build.Float, 2), "none"}, build.AttrInt("axis", 0)), "y", build.Float, 2)
	graph := g.Proto()
	graph.Initializer = []*onnxpb.TensorProto{{Name: proto.String("none"), DataType: proto.Int32(build.Float), Dims: []int64{0},
		DataLocation: onnxpb.TensorProto_EXTERNAL.Enum(), ExternalData: []*onnxpb.StringStringEntryProto{{Key: proto.String("location"), Value: proto.String("none.bin")}}}}
	b := must.Get(proto.Marshal(&onnxpb.ModelProto{IrVersion: proto.Int64(7), OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: proto.Int64(14)}}, Graph: graph}))(t)
	path := filepath.Join(t.TempDir(), "model.onnx")
	must.OK(t, os.WriteFile(path, b, 0o600))
	must.OK(t, os.WriteFile(filepath.Join(filepath.Dir(path), "none.bin"), nil, 0o600))
	k := startWorker(t)
	if _, refused := k.loadFile(path); refused != nil {
		t.Fatal(refused.Message)
	}
	k.forward("variable", nil)
	k.drain("optimized", 1)
	for _, f := range k.failures() {
		t.Error(f)
	}
}
