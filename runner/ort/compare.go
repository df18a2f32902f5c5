package ort

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/tailscope/tailscope/runner/ort/native"
)

// forwardDistance is the greatest relative L2 distance over the outputs of
// two forward passes that are tensors of numbers. compared is how many were.
func forwardDistance(ref, opt *forwardCall) (d float64, compared int, err error) {
	a, err := ref.values()
	if err != nil {
		return 0, 0, err
	}
	b, err := opt.values()
	if err != nil {
		return 0, 0, err
	}
	for i := range a {
		if a[i] == nil || b[i] == nil {
			continue
		}
		x, err := relL2(a[i], b[i])
		if err != nil {
			return 0, compared, fmt.Errorf("output %s: %w", ref.s.G.Outputs[i].Name, err)
		}
		compared++
		d = max(d, x) // NaN stays NaN
	}
	return d, compared, nil
}

// recordedDistance is the greatest distance of a pass's outputs from those
// that were recorded with its inputs, and the output that has it.
func (c *forwardCall) recordedDistance() (worst float64, name string, err error) {
	want := c.shape.feeds.outputs(c.shape.set)
	if len(want) == 0 {
		return 0, "", nil
	}
	got, err := c.values()
	if err != nil {
		return 0, "", err
	}
	for i := range got {
		out := c.s.G.Outputs[i].Name
		a, ok := want[out]
		if !ok || got[i] == nil || a.Data == nil {
			continue
		}
		d, err := relL2(appendNumbers(nil, a.Data, native.TypeOf(a.Type)), got[i])
		if err != nil {
			return math.Inf(1), out, nil // other sizes
		}
		if name == "" || d > worst || d != d {
			worst, name = d, out
		}
	}
	return worst, name, nil
}

// values are the outputs as float32; nil where one is no tensor of numbers.
func (c *forwardCall) values() ([][]float32, error) {
	vs, err := c.b.Outputs()
	if err != nil {
		return nil, err
	}
	out := make([][]float32, len(vs))
	for i := range vs {
		if err == nil {
			out[i], err = c.numbers(&vs[i])
		}
		vs[i].Free()
	}
	return out, err
}

func (c *forwardCall) numbers(v *native.Value) ([]float32, error) {
	in, err := v.Info()
	if err != nil || in.Kind != 1 || in.Typ.Size() == 0 {
		return nil, err
	}
	n := native.Elements(in.Shape)
	if n == 0 {
		return []float32{}, nil
	}
	at, err := v.Data()
	if err != nil {
		return nil, err
	}
	if in.Memory != "Cpu" {
		x, err := c.st.Tensor(native.Fetched, false, in.Typ, in.Shape)
		if err != nil {
			return nil, err
		}
		defer x.V.Free()
		if err := native.CopyTensor(x.V, *v); err != nil {
			return nil, err
		}
		at = x.Host
	}
	return appendNumbers(nil, unsafe.Slice((*byte)(at), n*in.Typ.Size()), in.Typ), nil
}

// appendNumbers is appendFloats for integers too.
func appendNumbers(dst []float32, raw []byte, t native.Type) []float32 {
	p := unsafe.Pointer(unsafe.SliceData(raw))
	n := len(raw) / t.Size()
	switch t {
	case native.Int64, native.Uint64:
		return widen(dst, unsafe.Slice((*int64)(p), n))
	case native.Int32, native.Uint32:
		return widen(dst, unsafe.Slice((*int32)(p), n))
	case native.Int16, native.Uint16:
		return widen(dst, unsafe.Slice((*int16)(p), n))
	case native.Int8:
		return widen(dst, unsafe.Slice((*int8)(p), n))
	case native.Uint8, native.Bool:
		return widen(dst, raw)
	}
	return native.AppendFloats(dst, raw, t)
}

func widen[T int64 | int32 | int16 | int8 | uint8](dst []float32, v []T) []float32 {
	for _, x := range v {
		dst = append(dst, float32(x))
	}
	return dst
}

// logitsDistance is the distance of the last position's logits.
func logitsDistance(ref, opt *call) (float64, error) {
	a, err := ref.lastLogits()
	if err != nil {
		return 0, err
	}
	b, err := opt.lastLogits()
	if err != nil {
		return 0, err
	}
	return relL2(a, b)
}

// cacheDistance is the greatest distance over the keys and values that two
// calls of one shape wrote: a replay may answer well and leave an old cache.
func cacheDistance(ref, opt *call) (float64, error) {
	worst := 0.0
	for i := range ref.cache {
		raw, err := ref.fetch(ref.cache[i])
		if err != nil {
			return 0, err
		}
		a := ref.withoutPadding(native.AppendFloats(nil, raw, ref.cache[i].Typ), ref.cache[i].Shape)
		if raw, err = opt.fetch(opt.cache[i]); err != nil {
			return 0, err
		}
		d, err := relL2(a, ref.withoutPadding(native.AppendFloats(nil, raw, opt.cache[i].Typ), opt.cache[i].Shape))
		if err != nil {
			return 0, err
		}
		worst = max(worst, d)
	}
	return worst, nil
}

// withoutPadding clears the entries [batch, heads, length, width] of a cache
// that the mask hides: a padded position attends to nothing, so that in half
// precision what it computes hangs on the order of operations, and nobody reads it.
func (c *call) withoutPadding(x []float32, shape []int64) []float32 {
	if c.mask.V.P == nil || len(shape) != 4 || shape[0] != int64(c.shape.batch) {
		return x
	}
	heads, length, width := int(shape[1]), int(shape[2]), int(shape[3])
	total := int(c.mask.Shape[1]) // of a constant cache the latest entries are kept
	for at := range x {
		if at%width != 0 {
			continue
		}
		row := at / width
		if b, t := row/length/heads, row%length; length <= total && c.mask.Real(b*total+total-length+t) == 0 {
			clear(x[at : at+width])
		}
	}
	return x
}

// floor is the absolute distance a value may always have (root mean square):
// below it, outputs near zero differ by the last bits of a kernel's arithmetic.
const floor = 1e-6

// relL2 is |a − b| / |a|, over all elements; a is the reference. Equal
// infinities and NaNs in the same places are equal; distances under the floor
// are none.
func relL2(a, b []float32) (float64, error) {
	if len(a) != len(b) {
		return 0, fmt.Errorf("%d values against %d", len(a), len(b))
	}
	var diff, norm float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		if x == y && math.IsInf(x, 0) || x != x && y != y {
			continue
		}
		diff += (x - y) * (x - y)
		norm += x * x
	}
	switch {
	case diff <= floor*floor*float64(len(a)):
		return 0, nil
	case norm == 0:
		return math.Sqrt(diff), nil
	}
	return math.Sqrt(diff / norm), nil
}
