//go:build cgo

package onnxmodel

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"sync"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/ort/provision"
)

var startORT = sync.OnceValue(func() error {
	lib, err := provision.Ensure(context.Background(), provision.Options{Progress: os.Stderr})
	if err != nil {
		return err
	}
	ort.SetSharedLibraryPath(lib)
	if err := ort.InitializeEnvironment(); err != nil {
		return err
	}
	return ort.SetEnvironmentLogLevel(ort.LoggingLevelError)
})

// needORT starts the runtime, fetched if it is not there. Call it before the
// cache is moved.
func needORT(t testing.TB) {
	t.Helper()
	must.OK(t, startORT())
}

func optimised(level ort.GraphOptimizationLevel) func(*ort.SessionOptions) {
	return func(o *ort.SessionOptions) { o.SetGraphOptimizationLevel(level) }
}

// session is one thread that does not spin.
func session(t testing.TB, path string, set func(*ort.SessionOptions)) *ort.DynamicAdvancedSession {
	t.Helper()
	s := must.Get(newSession(path, set))(t)
	t.Cleanup(func() { s.Destroy() })
	return s
}

func newSession(path string, set func(*ort.SessionOptions)) (*ort.DynamicAdvancedSession, error) {
	g, err := readGraph(path)
	if err != nil {
		return nil, err
	}
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer o.Destroy()
	o.SetIntraOpNumThreads(1)
	o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0")
	if set != nil {
		set(o)
	}
	names := func(ports []Port) (n []string) {
		for _, p := range ports {
			n = append(n, p.Name)
		}
		return n
	}
	return ort.NewDynamicAdvancedSession(path, names(g.Inputs), names(g.Outputs), o)
}

// feed is one input by name.
type feed struct {
	shape []int64
	i64   []int64
	f32   []float32
	half  bool // f32 goes in as float16
}

// run gives the outputs by name; the runtime allocates them.
func run(t testing.TB, path string, set func(*ort.SessionOptions), feeds map[string]feed) map[string]ort.Value {
	t.Helper()
	s := session(t, path, set)
	in, out, err := values(path, feeds)
	must.OK(t, err)
	must.OK(t, s.Run(in, out))
	g := must.Get(readGraph(path))(t)
	got := map[string]ort.Value{}
	for i, o := range g.Outputs {
		got[o.Name] = out[i]
	}
	t.Cleanup(func() {
		for _, v := range append(in, out...) {
			v.Destroy()
		}
	})
	return got
}

func values(path string, feeds map[string]feed) (in, out []ort.Value, err error) {
	g, err := readGraph(path)
	if err != nil {
		return nil, nil, err
	}
	for _, i := range g.Inputs {
		f, ok := feeds[i.Name]
		if !ok {
			return nil, nil, fmt.Errorf("no feed for %s", i.Name)
		}
		v, err := f.value()
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", i.Name, err)
		}
		in = append(in, v)
	}
	out = make([]ort.Value, len(g.Outputs))
	for i, o := range g.Outputs {
		if o.Type == "float16" {
			if out[i], err = halfOutput(g, o, feeds); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", o.Name, err)
			}
		}
	}
	return in, out, nil
}

// halfOutput makes a float16 output, whose size onnxruntime_go 1.27 gets wrong
// when the runtime allocates it. Symbolic dims take their values from feeds.
func halfOutput(g *Graph, o Port, feeds map[string]feed) (ort.Value, error) {
	value := map[string]int64{}
	for _, p := range g.Inputs {
		for i := range p.Dims {
			value[p.Symbol(i)] = feeds[p.Name].shape[i]
		}
	}
	n, shape := int64(2), make([]int64, len(o.Dims))
	for i := range o.Dims {
		d, fixed := o.Dim(i)
		if !fixed {
			d = value[o.Symbol(i)]
		}
		shape[i], n = d, n*d
	}
	return ort.NewCustomDataTensor(ort.NewShape(shape...), make([]byte, n), ort.TensorElementDataTypeFloat16)
}

func (f feed) value() (ort.Value, error) {
	shape := ort.NewShape(f.shape...)
	if f.i64 != nil {
		return ort.NewTensor(shape, f.i64)
	}
	if f.half {
		return ort.NewCustomDataTensor(shape, halfBytes(f.f32), ort.TensorElementDataTypeFloat16)
	}
	if len(f.f32) == 0 {
		return ort.NewEmptyTensor[float32](shape)
	}
	return ort.NewTensor(shape, f.f32)
}

func floats(t testing.TB, v ort.Value) []float32 {
	t.Helper()
	switch x := v.(type) {
	case *ort.Tensor[float32]:
		return x.GetData()
	case *ort.CustomDataTensor:
		return fromHalf(x.GetData())
	}
	t.Fatalf("output is %T, not float32 or float16", v)
	return nil
}

// halfBytes and fromHalf convert the slow, obvious way, by the definition of
// binary16, independent of package build.
func halfBytes(v []float32) []byte {
	b := make([]byte, 2*len(v))
	for i, x := range v {
		h := uint16(0)
		if x < 0 {
			h, x = 1<<15, -x
		}
		if x > 0 {
			exp := max(math.Floor(math.Log2(float64(x))), -14)
			m := math.RoundToEven(float64(x) / math.Exp2(exp-10)) // 1024…2048, less when subnormal
			h |= uint16(m + (exp+14)*1024)
		}
		binary.LittleEndian.PutUint16(b[2*i:], h)
	}
	return b
}

func fromHalf(b []byte) []float32 {
	v := make([]float32, len(b)/2)
	for i := range v {
		h := binary.LittleEndian.Uint16(b[2*i:])
		exp, m := float64(h>>10&31), float64(h&1023)
		x := math.Exp2(exp-15) * (1 + m/1024)
		if exp == 0 {
			x = math.Exp2(-14) * m / 1024
		}
		if h>>15 == 1 {
			x = -x
		}
		v[i] = float32(x)
	}
	return v
}

func ints(t testing.TB, v ort.Value) []int64 {
	t.Helper()
	x, ok := v.(*ort.Tensor[int64])
	if !ok {
		t.Fatalf("output is %T, not int64", v)
	}
	return x.GetData()
}

// promptFeeds are the inputs of one forward pass over rows of equal length.
// pad[r] tokens of row r, on the left, are padding. The past is empty, or,
// in half precision, where the binding makes no empty tensor, one masked entry.
func promptFeeds(info *Info, rows [][]int64, pad []int) map[string]feed {
	b, s, k := int64(len(rows)), int64(len(rows[0])), 0
	half := info.DType == "float16"
	if half && info.Layout == LayoutSingle {
		k = 1
	}
	var ids, mask, pos []int64
	for r, row := range rows {
		mask = append(mask, make([]int64, k)...)
		for i, id := range row {
			ids = append(ids, id)
			if i < pad[r] {
				mask, pos = append(mask, 0), append(pos, 0)
			} else {
				mask, pos = append(mask, 1), append(pos, int64(i-pad[r]))
			}
		}
	}
	f := map[string]feed{
		"input_ids":      {shape: []int64{b, s}, i64: ids},
		"attention_mask": {shape: []int64{b, s + int64(k)}, i64: mask},
		"position_ids":   {shape: []int64{b, s}, i64: pos},
	}
	if info.mask.shift {
		f[ShiftInput] = feed{shape: []int64{1}, i64: []int64{int64(pad[0] + k)}}
	}
	if half && k == 0 {
		k = 1 // a merged decoder ignores its past here
	}
	for l := range info.Layers {
		shape := []int64{b, int64(info.KVHeads), int64(k), int64(info.HeadDim)}
		past := feed{shape: shape, f32: make([]float32, int(b)*info.KVHeads*k*info.HeadDim), half: half}
		f[fmt.Sprintf("past_key_values.%d.key", l)] = past
		f[fmt.Sprintf("past_key_values.%d.value", l)] = past
	}
	return f
}
