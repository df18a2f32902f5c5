package native

import (
	"fmt"
	"time"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/stats/limit"
)

// roofBudget is how long one rate is measured, after a run that warms up.
const roofBudget = 30 * time.Millisecond

// MeasureRoof measures what the engine itself can do on its device with one
// MatMul: reading is the product of one row with a matrix that fills the
// working set, the rate that of square matrices. What a run of its own costs is
// taken off; sets so small that this is more than half are left out. Precision
// is float32 or float16.
func (m *Maker) MeasureRoof(dev Memory, heap Allocator, t Type) (*limit.Roof, error) {
	if t != Float && t != Float16 {
		return nil, fmt.Errorf("rates in %v are not measured", t)
	}
	start := time.Now()
	model, err := matMulModel(t)
	if err != nil {
		return nil, err
	}
	o, err := m.options(SessionSpec{Compiled: true})
	if err != nil {
		return nil, err
	}
	defer o.Destroy()
	co := cOptions{pointerOf(o)}
	threads, err := newPool(co)
	if err != nil {
		return nil, err
	}
	defer threads.free()
	s, err := newCSession("", model, co, cPrepacked{})
	if err != nil {
		return nil, err
	}
	defer s.free()
	threads.open()
	st := NewStore(dev, heap)
	defer st.Free()
	product := func(rows, inner, columns int64) (float64, error) { return leastProduct(s, st, t, rows, inner, columns) }
	call, err := product(1, 1, 1)
	if err != nil {
		return nil, err
	}
	roof := &limit.Roof{Precision: t.String(), How: "ONNX Runtime: MatMul of one row and of square matrices"}
	sizes, square := []int64{1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26}, []int64{256, 512, 1024}
	if dev.P != nil {
		sizes, square = []int64{1 << 24, 1 << 26, 1 << 28, 1 << 30}, []int64{2048, 4096, 8192}
	}
	for i, bytes := range sizes {
		side := int64(1) // columns of as many rows, a power of two
		for side*side*int64(t.Size()) < bytes {
			side *= 2
		}
		ns, err := product(1, bytes/int64(t.Size())/side, side)
		if err != nil {
			return nil, err
		}
		if ns > 2*call || i == len(sizes)-1 && ns > call {
			roof.Read = append(roof.Read, limit.Rate{Bytes: bytes, PerS: float64(bytes) / (ns - call) * 1e9})
		}
	}
	for k := len(roof.Read) - 2; k >= 0; k-- { // what is read fast from a larger set is from a smaller one
		roof.Read[k].PerS = max(roof.Read[k].PerS, roof.Read[k+1].PerS)
	}
	for _, n := range square {
		ns, err := product(n, n, n)
		if err != nil {
			return nil, err
		}
		roof.OpsPerS = max(roof.OpsPerS, 2*float64(n)*float64(n)*float64(n)/ns*1e9)
	}
	roof.MeasuredS = time.Since(start).Seconds()
	if !roof.Known() {
		return nil, fmt.Errorf("the rates measured are none: %+v", roof)
	}
	return roof, nil
}

// leastProduct is the least time of rows × inner by inner × columns, ns.
func leastProduct(s cSession, st *Store, t Type, rows, inner, columns int64) (float64, error) {
	b, err := s.NewBinding()
	if err != nil {
		return 0, err
	}
	defer b.Free()
	for name, shape := range map[string][]int64{"a": {rows, inner}, "b": {inner, columns}, "c": {rows, columns}} {
		x, err := st.Tensor(name, true, t, shape)
		if err != nil {
			return 0, err
		}
		defer x.V.Free()
		if raw := x.Host; raw != nil && name != "c" {
			fill(x.Raw(), t)
		}
		if name == "c" {
			err = b.Output(name, x.V)
		} else {
			err = b.Input(name, x.V)
		}
		if err != nil {
			return 0, err
		}
	}
	least := 0.0
	for n, begin := 0, time.Now(); n < 3 || time.Since(begin) < roofBudget; n++ {
		var span Span
		if err := s.Run(RunOptions{}, b, Value{}, Value{}, &span); err != nil {
			return 0, err
		}
		if ns := float64(span.End - span.Start); n > 0 && (least == 0 || ns < least) {
			least = ns
		}
	}
	return least, nil
}

// fill writes ones: memory that was never written is all one page.
func fill(raw []byte, t Type) {
	one := []byte{0, 0, 0x80, 0x3f}
	if t == Float16 {
		one = []byte{0, 0x3c}
	}
	n := copy(raw, one)
	for n < len(raw) {
		n += copy(raw[n:], raw[:n])
	}
}

// matMulModel is c = a · b of any sizes.
func matMulModel(t Type) ([]byte, error) {
	g, elem := build.NewGraph("roof", int32(t)), int32(t)
	product := g.Op("MatMul", []string{g.In("a", elem, "rows", "inner"), g.In("b", elem, "inner", "columns")})
	g.Out(product, "c", elem, "rows", "columns")
	return g.Model()
}
