package onnxmodel

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

func readProto(t *testing.T, path string) *onnxpb.ModelProto {
	t.Helper()
	b := must.Get(os.ReadFile(path))(t)
	m := &onnxpb.ModelProto{}
	must.OK(t, proto.Unmarshal(b, m))
	return m
}

// TestSpecialiseEqualsUnmarshal: the splice gives what reading the whole
// model, changing it and writing it gives.
func TestSpecialiseEqualsUnmarshal(t *testing.T) {
	src := testModel(t, "single")
	dst := filepath.Join(t.TempDir(), "fixed.onnx")
	dims := map[string]int64{DimBatch: 2, DimSeq: 5, DimPast: 0, DimTotal: 5}
	must.OK(t, Specialise(src, dst, dims))
	want := readProto(t, src)
	for _, v := range append(want.Graph.Input, want.Graph.Output...) {
		for _, d := range v.GetType().GetTensorType().GetShape().Dim {
			if n, ok := dims[d.GetDimParam()]; ok {
				d.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: n}
			}
		}
	}
	if !proto.Equal(want, readProto(t, dst)) {
		t.Error("spliced model differs")
	}
	if err := Specialise(src, dst, map[string]int64{"nope": 1}); err == nil {
		t.Error("unknown dimension accepted")
	}
}

// TestAppendArgMax: one output more, everything else as it was.
func TestAppendArgMax(t *testing.T) {
	src := testModel(t, "half")
	dst := filepath.Join(filepath.Dir(src), "token.onnx")
	must.OK(t, AppendArgMax(src, dst))
	a, b := readProto(t, src), readProto(t, dst)
	last := len(b.Graph.Output) - 1
	if b.Graph.Output[last].GetName() != TokenOutput {
		t.Errorf("last output is %s", b.Graph.Output[last].GetName())
	}
	b.Graph.Output, b.Graph.Node = b.Graph.Output[:last], b.Graph.Node[:len(a.Graph.Node)]
	if !proto.Equal(a, b) {
		t.Error("something else changed")
	}
	if _, err := load(dst); err != nil {
		t.Error(err)
	}
	if err := AppendArgMax(testModel(t, "mlp"), dst); err == nil || !strings.Contains(err.Error(), "no input input_ids") {
		t.Error(err)
	}
}

// TestRewriteKeepsEverything: without an edit the model stays the same,
// fields of newer schemas included.
func TestRewriteKeepsEverything(t *testing.T) {
	src := testModel(t, "merged")
	b, _ := os.ReadFile(src)
	b = protowire.AppendTag(b, 99, protowire.BytesType)
	b = protowire.AppendBytes(b, []byte("newer"))
	must.OK(t, os.WriteFile(src, b, 0o644))
	dst := filepath.Join(t.TempDir(), "same.onnx")
	must.OK(t, rewrite(src, dst, nil, nil))
	if !proto.Equal(readProto(t, src), readProto(t, dst)) {
		t.Error("rewritten model differs")
	}
}

// TestExternaliseKeepsWeights: every weight of an inline model has the same
// bytes in the data file.
func TestExternaliseKeepsWeights(t *testing.T) {
	src := testModel(t, "single")
	dst := filepath.Join(t.TempDir(), "graph.onnx")
	must.OK(t, Externalise(src, dst))
	a, b := readProto(t, src).Graph.Initializer, readProto(t, dst).Graph.Initializer
	moved := 0
	for i := range a {
		raw := b[i].RawData
		if b[i].GetDataLocation() == onnxpb.TensorProto_EXTERNAL {
			moved++
			raw = externalBytes(t, dst, b[i])
		}
		if a[i].GetName() != b[i].GetName() || !bytes.Equal(a[i].RawData, raw) {
			t.Errorf("weight %s differs", a[i].GetName())
		}
	}
	if moved == 0 {
		t.Error("nothing was moved")
	}
}

func externalBytes(t *testing.T, path string, x *onnxpb.TensorProto) []byte {
	t.Helper()
	kv := map[string]string{}
	for _, e := range x.ExternalData {
		kv[e.GetKey()] = e.GetValue()
	}
	data := must.Get(os.ReadFile(filepath.Join(filepath.Dir(path), kv["location"])))(t)
	off, _ := number(kv["offset"], 0)
	n, _ := number(kv["length"], 0)
	return data[off : off+n]
}

// TestHeapStaysSmall: editing an inline model of many megabytes allocates
// next to nothing. TAILSCOPE_SLOW=1 takes GPT-2's 498 MB.
func TestHeapStaysSmall(t *testing.T) {
	ownCache(t)
	c := build.GPT2{Layers: 1, Heads: 4, Width: 512, Vocab: 20000, MaxPos: 64, Seed: 1, DType: build.Float}
	if os.Getenv("TAILSCOPE_SLOW") != "" {
		c = defaultSpec(t, "gpt2")
	}
	src := buildModel(t, c, build.Options{})
	st := must.Get(os.Stat(src))(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	must.OK(t, Specialise(src, src+".fixed", map[string]int64{DimBatch: 1, DimSeq: 4, DimPast: 0, DimTotal: 4}))
	runtime.ReadMemStats(&after)
	specialise := after.TotalAlloc - before.TotalAlloc
	must.Get(Prepare(src))(t)
	runtime.ReadMemStats(&before)
	prepare := before.TotalAlloc - after.TotalAlloc
	t.Logf("file of %d MB: Specialise allocates %d kB in all, Prepare %d kB", st.Size()/1e6, specialise/1e3, prepare/1e3)
	// Prepare's are all the allocations of a dozen scans of the structure, 33.5 MB.
	if specialise > 8<<20 || prepare > 48<<20 {
		t.Error("more than structure was in memory")
	}
}

// Specialise writes src to dst with symbolic input dimensions fixed. Unknown
// names are an error. Weights are copied, not read; external data files are
// not, dst must lie beside them.
func Specialise(src, dst string, dims map[string]int64) error {
	m, err := scan(src)
	if err != nil {
		return err
	}
	e := &portEdit{dims: map[string][]string{}}
	used := map[string]bool{}
	for _, p := range append(append([]Port(nil), m.graph.inputs...), m.graph.outputs...) {
		d := append([]string(nil), p.Dims...)
		for i := range d {
			if v, ok := dims[d[i]]; ok && p.Symbol(i) != "" {
				used[d[i]] = true
				d[i] = strconv.FormatInt(v, 10)
			}
		}
		e.dims[p.Name] = d
	}
	for name, v := range dims {
		if !used[name] {
			return fmt.Errorf("model %s: no symbolic dimension %q", src, name)
		}
		if v < 0 {
			return fmt.Errorf("dimension %q: %d is negative", name, v)
		}
	}
	return rewrite(src, dst, e.apply, nil)
}

// AppendArgMax writes src to dst with one more output, tailscope.token
// [batch, 1]: the ArgMax of the last position of logits, in the type of
// input_ids, so that it can be bound as the next step's input_ids. Weights are
// copied, not read; external data files are not, dst must lie beside them.
func AppendArgMax(src, dst string) error {
	m, err := scan(src)
	if err != nil {
		return err
	}
	r := m.graph.roles(m.graph.feeds())
	if why := r.notLM(); why != "" {
		return fmt.Errorf("model %s: no token can be taken from it: %s", src, why)
	}
	return rewrite(src, dst, nil, func(g *pieces) error { return appendToken(g, r, "") })
}

// Externalise writes src as a small graph file dst and a data file beside it
// (dst + "_data") that runtimes map into memory, so that many sessions share
// one copy. Weights under 1 KiB and those inside subgraphs stay in the graph
// file; data that src keeps outside is linked, or copied, into dst's folder.
func Externalise(src, dst string) error { return externalise(src, dst, new(portEdit).apply) }
