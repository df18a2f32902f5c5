package limit

import (
	"cmp"
	"math"
	"slices"
)

// Rate is how fast a working set of Bytes is read again and again, bytes a
// second. Small sets come out of caches.
type Rate struct {
	Bytes int64   `json:"bytes"`
	PerS  float64 `json:"per_s"`
}

// Roof is what a device was measured to do.
type Roof struct {
	Read      []Rate  `json:"read"`             // by ascending bytes
	OpsPerS   float64 `json:"ops_per_s"`        // floating point operations a second of the fastest matrix product, in the model's precision
	Precision string  `json:"precision"`        // that precision, as "bfloat16"
	How       string  `json:"how,omitempty"`    // what was measured, a phrase
	MeasuredS float64 `json:"took_s,omitempty"` // what measuring took, seconds; 0: it was known from before
}

// Known reports whether bounds can be computed.
func (r *Roof) Known() bool {
	if r == nil || len(r.Read) == 0 || !(r.OpsPerS > 0) || math.IsInf(r.OpsPerS, 0) {
		return false
	}
	bad := func(x Rate) bool { return x.Bytes <= 0 || !(x.PerS > 0) || math.IsInf(x.PerS, 0) }
	return !slices.ContainsFunc(r.Read, bad) && slices.IsSortedFunc(r.Read, func(a, b Rate) int { return cmp.Compare(a.Bytes, b.Bytes) })
}

// ReadNs is the time in which a working set of so many bytes is read: linear in
// the times of the measured sets around it, at the rate of the smallest below
// them and of the largest above.
func (r *Roof) ReadNs(bytes float64) float64 {
	last := r.Read[0]
	for _, x := range r.Read {
		if float64(x.Bytes) >= bytes {
			if x == last {
				break
			}
			a, b := last.ns(), x.ns()
			return a + (b-a)*(bytes-float64(last.Bytes))/float64(x.Bytes-last.Bytes)
		}
		last = x
	}
	return bytes / last.PerS * 1e9
}

func (x Rate) ns() float64 { return float64(x.Bytes) / x.PerS * 1e9 }

// Memory is the read rate of the largest set that was measured: the device's memory.
func (r *Roof) Memory() float64 { return r.Read[len(r.Read)-1].PerS }

// Work is what a pass over a model must move and do.
type Work struct {
	Bytes float64 `json:"bytes"` // weights read once, inputs and cache read, outputs and cache written
	Ops   float64 `json:"ops"`   // floating point operations of matrix products, convolutions and attention; a multiplication and an addition are two
}

// Pass is one pass over the model, or Times of them, whose mean it is.
type Pass struct {
	Times    float64 `json:"times"`
	Natural  Work    `json:"natural"`  // at the shape that was asked for
	Executed Work    `json:"executed"` // with padding
}

// Bound is a least time, ns.
type Bound struct {
	Ns      float64 // at the natural shape
	Compute float64 // of Ns, the time of passes that operations bind; bytes bind the others
	Padding float64 // what padding adds to Ns
}

// Bound is the sum over passes of max(time to read its bytes, operations ÷ rate).
func (r *Roof) Bound(passes []Pass) (b Bound) {
	for i := range passes {
		p := &passes[i]
		ns, compute := r.least(&p.Natural)
		executed, _ := r.least(&p.Executed)
		b.Ns += p.Times * ns
		if compute {
			b.Compute += p.Times * ns
		}
		b.Padding += p.Times * max(executed-ns, 0)
	}
	return b
}

func (r *Roof) least(w *Work) (ns float64, compute bool) {
	move, do := r.ReadNs(w.Bytes), w.Ops/r.OpsPerS*1e9
	return max(move, do), do > move
}
