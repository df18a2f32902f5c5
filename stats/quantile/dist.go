package quantile

import (
	"math"
	"math/bits"
	"slices"

	"github.com/tailscope/tailscope/stats"
)

// ExactBelow is the number of samples up to which a distribution keeps them raw.
const ExactBelow = 1000

// Dist is a distribution without moments: quantiles that are exact below 1,000
// values and within 0.1 % above.
type Dist struct {
	Spread   Spread // of intervals
	N        int
	Min, Max int64
	raw      []int64 // every value while n < ExactBelow
	sorted   int     // raw[:sorted] ascends
	H        Hist
}

// MomentDist is one group's latency distribution: quantiles and exact moments.
type MomentDist struct {
	Dist
	Sum, Sq U128
	top     Top
}

func (d *Dist) Record(v int64) {
	v = max(v, 0)
	if d.N == 0 {
		d.Min = v
	}
	d.Min, d.Max = min(d.Min, v), max(d.Max, v)
	d.N++
	if d.N < ExactBelow {
		d.raw = append(d.raw, v)
	} else if d.N == ExactBelow {
		d.raw, d.sorted = nil, 0
	}
	d.H.Record(v)
}

func (d *MomentDist) Record(v int64) {
	v = max(v, 0)
	d.Dist.Record(v)
	d.Sum.Add(uint64(v))
	d.Sq.AddSquare(uint64(v))
	d.top.Add(v)
}

// Top are the five largest values, descending; 0 where there are fewer.
type Top [5]int64

// Add takes in a value.
func (t *Top) Add(v int64) {
	if v > t[len(t)-1] {
		t.insert(v)
	}
}

func (t *Top) insert(v int64) {
	i := len(t) - 1
	for ; i > 0 && t[i-1] < v; i-- {
		t[i] = t[i-1]
	}
	t[i] = v
}

// RecordAll takes in values, none of them negative, as Record does one by one.
func (d *Dist) RecordAll(v []int64) {
	if len(v) == 0 {
		return
	}
	least, most := v[0], v[0]
	for _, x := range v[1:] {
		least, most = min(least, x), max(most, x)
	}
	d.recordAll(v, least, most)
}

func (d *Dist) recordAll(v []int64, least, most int64) {
	d.note(v, least, most)
	d.H.RecordAll(v)
}

// note takes values into all but the histogram.
func (d *Dist) note(v []int64, least, most int64) {
	if d.N == 0 {
		d.Min = least
	}
	d.Min, d.Max = min(d.Min, least), max(d.Max, most)
	d.N += len(v)
	if d.N < ExactBelow {
		d.raw = append(d.raw, v...)
	} else if d.raw != nil {
		d.raw, d.sorted = nil, 0
	}
}

// RecordAll takes in values, none of them negative, as Record does one by one.
func (d *MomentDist) RecordAll(v []int64) {
	if len(v) > 0 {
		least, most := d.moments(v)
		d.recordAll(v, least, most)
	}
}

// RecordBoth is RecordAll of two distributions.
func RecordBoth(d *MomentDist, o *Dist, v []int64) {
	if len(v) > 0 {
		least, most := d.moments(v)
		d.note(v, least, most)
		o.note(v, least, most)
		recordBoth(&d.H, &o.H, v)
	}
}

// moments takes values into the sums and the largest.
func (d *MomentDist) moments(v []int64) (least, most int64) {
	least, most = v[0], v[0]
	var sum, sq uint64
	for _, x := range v {
		least, most = min(least, x), max(most, x)
		sum += uint64(x)
		sq += uint64(x) * uint64(x)
	}
	if 2*bits.Len64(uint64(most))+bits.Len(uint(len(v))) <= 64 { // neither sum overflowed
		d.Sum.Add(sum)
		d.Sq.Add(sq)
	} else {
		for _, x := range v {
			d.Sum.Add(uint64(x))
			d.Sq.AddSquare(uint64(x))
		}
	}
	if most > d.top[len(d.top)-1] {
		d.top.addAll(v)
	}
	return least, most
}

func (t *Top) addAll(v []int64) {
	for _, x := range v {
		t.Add(x)
	}
}

// merge adds all values of o; the result is the same as if they had been
// recorded here.
func (d *Dist) merge(o *Dist) {
	if o.N == 0 {
		return
	}
	if d.N == 0 {
		d.Min = o.Min
	}
	d.Min, d.Max = min(d.Min, o.Min), max(d.Max, o.Max)
	d.N += o.N
	if d.N < ExactBelow {
		d.raw = append(d.raw, o.raw...)
	} else {
		d.raw, d.sorted = nil, 0
	}
	d.H.Merge(&o.H)
}

func (d *MomentDist) Merge(o *MomentDist) {
	d.Dist.merge(&o.Dist)
	d.Sum.AddU128(o.Sum)
	d.Sq.AddU128(o.Sq)
	d.top.addAll(o.top[:])
}

// Reset empties the distribution and keeps its memory.
func (d *MomentDist) Reset() {
	d.H.Reset()
	*d = MomentDist{Dist: Dist{raw: d.raw[:0], H: d.H}}
}

// Values returns the raw values in ascending order, nil when there are too many.
func (d *Dist) Values() []int64 {
	if d.N >= ExactBelow {
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
		SortInts(v)
		return v
	}
	tail := slices.Clone(v[k:])
	SortInts(tail)
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

// Quantile is the q-quantile without an interval.
func (d *Dist) Quantile(q float64) float64 {
	if d.N == 0 {
		return math.NaN()
	}
	if v := d.Values(); v != nil {
		return Percentile(v, q)
	}
	return OfHist(&d.H, q, d.Min, d.Max)
}

// OfHist interpolates between the two closest ranks of a histogram.
func OfHist(h *Hist, q float64, lo, hi int64) float64 {
	if h.N() == 0 {
		return math.NaN()
	}
	pos := q * float64(h.N()-1)
	k := uint64(pos)
	ranks := [2]uint64{k + 1, min(k+2, h.N())}
	var v [2]float64
	h.Ranks(ranks[:], v[:])
	return ClampF(Lerp(v[0], v[1], pos-float64(k)), float64(lo), float64(hi))
}

// Quantiles fills qs, whose Q ascend, with values and intervals.
func (d *Dist) Quantiles(qs []stats.Quantile) {
	raw := d.Values()
	for i := range qs {
		q := qs[i].Q
		if d.N < ExactBelow {
			qs[i] = ExactWith(raw, q, d.Spread.At(q))
			continue
		}
		qs[i] = IntervalOfHist(&d.H, q, d.Spread.At(q), d.Min, d.Max)
	}
}

// IntervalOfHist is a quantile with its interval from a histogram: the outer edges
// of the buckets in which the ends lie, since a value may be anywhere in its
// bucket. inflation is that of ExactWith.
func IntervalOfHist(h *Hist, q, inflation float64, minV, maxV int64) stats.Quantile {
	n := int(h.N())
	out := stats.Quantile{Q: q, Value: math.NaN(), Lo: math.NaN(), Hi: math.NaN(), N: n, Need: max(0, Need(q)-n)}
	if n == 0 {
		return out
	}
	lo, hi, ok := ranksWith(n, q, inflation, OrderRanksFast)
	pos := q * float64(n-1)
	k := uint64(pos)
	ranks := [4]uint64{uint64(lo), k + 1, min(k+2, h.N()), uint64(hi)}
	var v [4]float64
	if ok {
		h.Ranks(ranks[:], v[:])
		least, _ := outer(v[0])
		_, most := outer(v[3])
		out.Lo, out.Hi = ClampF(least, float64(minV), float64(maxV)), ClampF(most, float64(minV), float64(maxV))
	} else {
		out.Alike = inflation > 1 && Tells(n, q, 1)
		h.Ranks(ranks[1:3], v[1:3])
	}
	out.Value = ClampF(Lerp(v[1], v[2], pos-float64(k)), float64(minV), float64(maxV))
	return out
}

// outer are the smallest and the largest value of the bucket that holds v.
func outer(v float64) (lo, hi float64) {
	from, width := Edges(histIndex(int64(v)))
	return float64(from), float64(from + width - 1)
}

func ClampF(v, lo, hi float64) float64 { return math.Max(lo, math.Min(v, hi)) }
