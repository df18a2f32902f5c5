package stats

import (
	"math"
	"slices"
)

// exactBelow is the number of samples up to which a distribution keeps them raw.
const exactBelow = 1000

// qdist is a distribution without moments: quantiles that are exact below 1,000
// values and within 0.1 % above.
type qdist struct {
	n        int
	min, max int64
	raw      []int64 // every value while n < exactBelow
	sorted   int     // raw[:sorted] ascends
	h        hist
}

// dist is one group's latency distribution: quantiles and exact moments.
type dist struct {
	qdist
	sum, sq u128
	top     [5]int64 // the largest, descending
}

func (d *qdist) record(v int64) {
	v = max(v, 0)
	if d.n == 0 {
		d.min = v
	}
	d.min, d.max = min(d.min, v), max(d.max, v)
	d.n++
	if d.n < exactBelow {
		d.raw = append(d.raw, v)
	} else if d.n == exactBelow {
		d.raw, d.sorted = nil, 0
	}
	d.h.record(v)
}

func (d *dist) record(v int64) {
	v = max(v, 0)
	d.qdist.record(v)
	d.sum.add(uint64(v))
	d.sq.addSquare(uint64(v))
	if v > d.top[4] {
		d.addTop(v)
	}
}

// merge adds all values of o; the result is the same as if they had been
// recorded here.
func (d *qdist) merge(o *qdist) {
	if o.n == 0 {
		return
	}
	if d.n == 0 {
		d.min = o.min
	}
	d.min, d.max = min(d.min, o.min), max(d.max, o.max)
	d.n += o.n
	if d.n < exactBelow {
		d.raw = append(d.raw, o.raw...)
	} else {
		d.raw, d.sorted = nil, 0
	}
	d.h.merge(&o.h)
}

func (d *dist) merge(o *dist) {
	d.qdist.merge(&o.qdist)
	d.sum.addU128(o.sum)
	d.sq.addU128(o.sq)
	for _, v := range o.top {
		if v > d.top[4] {
			d.addTop(v)
		}
	}
}

// reset empties the distribution and keeps its memory.
func (d *dist) reset() {
	d.h.reset()
	*d = dist{qdist: qdist{raw: d.raw[:0], h: d.h}}
}

func (d *dist) addTop(v int64) {
	i := 4
	for ; i > 0 && d.top[i-1] < v; i-- {
		d.top[i] = d.top[i-1]
	}
	d.top[i] = v
}

// values returns the raw values in ascending order, nil when there are too many.
func (d *qdist) values() []int64 {
	if d.n >= exactBelow {
		return nil
	}
	d.raw, d.sorted = sortTail(d.raw, d.sorted), len(d.raw)
	return d.raw
}

// sortTail sorts v whose first k values ascend already.
func sortTail(v []int64, k int) []int64 {
	if k == len(v) {
		return v
	}
	if len(v)-k > len(v)/4 {
		slices.Sort(v)
		return v
	}
	tail := slices.Clone(v[k:])
	slices.Sort(tail)
	i, j := k-1, len(tail)-1
	for w := len(v) - 1; j >= 0; w-- {
		if i >= 0 && v[i] > tail[j] {
			v[w] = v[i]
			i--
		} else {
			v[w] = tail[j]
			j--
		}
	}
	return v
}

func (d *dist) mean() float64 {
	if d.n == 0 {
		return math.NaN()
	}
	return d.sum.float() / float64(d.n)
}

// std is the sample standard deviation (divisor n−1); NaN below two values.
func (d *dist) std() float64 { return stdOf(d.n, d.sum, d.sq) }

// meanWithoutTop leaves out the k (1 to 5) largest; NaN when nothing remains.
func (d *dist) meanWithoutTop(k int) float64 {
	if d.n <= k {
		return math.NaN()
	}
	s := d.sum
	for _, v := range d.top[:k] {
		s.sub(uint64(v))
	}
	return s.float() / float64(d.n-k)
}

// quantile is the q-quantile without an interval.
func (d *qdist) quantile(q float64) float64 {
	if d.n == 0 {
		return math.NaN()
	}
	if v := d.values(); v != nil {
		return Percentile(v, q)
	}
	return histQuantile(&d.h, q, d.min, d.max)
}

// histQuantile interpolates between the two closest ranks of a histogram.
func histQuantile(h *hist, q float64, lo, hi int64) float64 {
	if h.n() == 0 {
		return math.NaN()
	}
	pos := q * float64(h.n()-1)
	k := uint64(pos)
	ranks := [2]uint64{k + 1, min(k+2, h.n())}
	var v [2]float64
	h.ranks(ranks[:], v[:])
	return clampF(lerp(v[0], v[1], pos-float64(k)), float64(lo), float64(hi))
}

// quantiles fills qs, whose Q ascend, with values and intervals.
func (d *qdist) quantiles(qs []Quantile) {
	raw := d.values()
	for i := range qs {
		q := qs[i].Q
		if d.n < exactBelow {
			qs[i] = ExactQuantile(raw, q)
			continue
		}
		qs[i] = histInterval(&d.h, q, d.min, d.max)
	}
}

// histInterval is a quantile with its interval from a histogram.
func histInterval(h *hist, q float64, minV, maxV int64) Quantile {
	n := int(h.n())
	out := Quantile{Q: q, Value: math.NaN(), Lo: math.NaN(), Hi: math.NaN(), N: n, Need: max(0, Need(q)-n)}
	if n == 0 {
		return out
	}
	lo, hi, ok := orderRanksFast(n, q)
	pos := q * float64(n-1)
	k := uint64(pos)
	ranks := [4]uint64{uint64(lo), k + 1, min(k+2, h.n()), uint64(hi)}
	var v [4]float64
	if ok {
		h.ranks(ranks[:], v[:])
		out.Lo, out.Hi = clampF(v[0], float64(minV), float64(maxV)), clampF(v[3], float64(minV), float64(maxV))
	} else {
		h.ranks(ranks[1:3], v[1:3])
	}
	out.Value = clampF(lerp(v[1], v[2], pos-float64(k)), float64(minV), float64(maxV))
	return out
}

func clampF(v, lo, hi float64) float64 { return math.Max(lo, math.Min(v, hi)) }
