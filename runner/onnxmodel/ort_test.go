package onnxmodel

import (
	"fmt"
	"os"
	"sync"
	"testing"

	ort "github.com/yalue/onnxruntime_go"
)

var startORT = sync.OnceValue(func() error {
	lib := os.Getenv("TAILSCOPE_ORT_LIBRARY")
	ort.SetSharedLibraryPath(lib)
	if err := ort.InitializeEnvironment(); err != nil {
		return err
	}
	return ort.SetEnvironmentLogLevel(ort.LoggingLevelError)
})

// needORT starts the runtime.
func needORT(t testing.TB) {
	t.Helper()
	if os.Getenv("TAILSCOPE_ORT_LIBRARY") == "" {
		t.Skip("TAILSCOPE_ORT_LIBRARY names no ONNX Runtime")
	}
	if err := startORT(); err != nil {
		t.Fatal(err)
	}
}

func optimised(level ort.GraphOptimizationLevel) func(*ort.SessionOptions) {
	return func(o *ort.SessionOptions) { o.SetGraphOptimizationLevel(level) }
}

// session is one thread that does not spin.
func session(t testing.TB, path string, set func(*ort.SessionOptions)) *ort.DynamicAdvancedSession {
	t.Helper()
	s, err := newSession(path, set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Destroy() })
	return s
}

func newSession(path string, set func(*ort.SessionOptions)) (*ort.DynamicAdvancedSession, error) {
	ins, outs, err := ort.GetInputOutputInfo(path)
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
	names := func(infos []ort.InputOutputInfo) (n []string) {
		for _, i := range infos {
			n = append(n, i.Name)
		}
		return n
	}
	return ort.NewDynamicAdvancedSession(path, names(ins), names(outs), o)
}

// feed is one input by name.
type feed struct {
	shape []int64
	i64   []int64
	f32   []float32
}

// run gives the outputs by name; the runtime allocates them.
func run(t testing.TB, path string, set func(*ort.SessionOptions), feeds map[string]feed) map[string]ort.Value {
	t.Helper()
	s := session(t, path, set)
	in, out, err := values(path, feeds)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(in, out); err != nil {
		t.Fatal(err)
	}
	_, outs, _ := ort.GetInputOutputInfo(path)
	got := map[string]ort.Value{}
	for i, o := range outs {
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
	ins, outs, err := ort.GetInputOutputInfo(path)
	if err != nil {
		return nil, nil, err
	}
	for _, i := range ins {
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
	return in, make([]ort.Value, len(outs)), nil
}

func (f feed) value() (ort.Value, error) {
	shape := ort.NewShape(f.shape...)
	if f.i64 != nil {
		return ort.NewTensor(shape, f.i64)
	}
	if len(f.f32) == 0 {
		return ort.NewEmptyTensor[float32](shape)
	}
	return ort.NewTensor(shape, f.f32)
}

func floats(t testing.TB, v ort.Value) []float32 {
	t.Helper()
	x, ok := v.(*ort.Tensor[float32])
	if !ok {
		t.Fatalf("output is %T, not float32", v)
	}
	return x.GetData()
}

func ints(t testing.TB, v ort.Value) []int64 {
	t.Helper()
	x, ok := v.(*ort.Tensor[int64])
	if !ok {
		t.Fatalf("output is %T, not int64", v)
	}
	return x.GetData()
}

// promptFeeds are the inputs of one forward pass over rows of equal length,
// with an empty past. pad[r] tokens of row r, on the left, are padding.
func promptFeeds(info *Info, rows [][]int64, pad []int) map[string]feed {
	b, s := int64(len(rows)), int64(len(rows[0]))
	var ids, mask, pos []int64
	for r, row := range rows {
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
		"attention_mask": {shape: []int64{b, s}, i64: mask},
		"position_ids":   {shape: []int64{b, s}, i64: pos},
	}
	for l := range info.Layers {
		empty := feed{shape: []int64{b, int64(info.KVHeads), 0, int64(info.HeadDim)}}
		f[fmt.Sprintf("past_key_values.%d.key", l)] = empty
		f[fmt.Sprintf("past_key_values.%d.value", l)] = empty
	}
	return f
}
