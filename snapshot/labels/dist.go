package labels

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tailscope/tailscope/stats/quantile"
)

// maxHist is the longest latency a histogram holds: 10 hours, in ns.
const maxHist = 36_000e9

// dist is a distribution of latencies in ns: exact in the order of arrival, or
// a histogram beside exact sums, extremes and first values.
type dist struct {
	values []int64
	hist   *hdrhistogram.Histogram
	n      uint64
	hi, lo uint64 // sum, 128 bits
	m2     float64
	mean   float64 // running, for m2
	min    int64
	max    int64
	top    []int64 // the five largest, descending
	firsts []int64 // the first of the run, Options.First of them
}

func (d *dist) add(v int64, first int) {
	d.note(v)
	if len(d.firsts) < first {
		d.firsts = append(d.firsts, v)
	}
	if d.hist == nil {
		if len(d.values) == cap(d.values) {
			d.values = slices.Grow(d.values, max(len(d.values), 64)) // fewer copies than append makes
		}
		d.values = append(d.values, v)
		return
	}
	_ = d.hist.RecordValue(min(max(v, 1), int64(maxHist))) // clamped to its range
}

// note updates sums and extremes.
func (d *dist) note(v int64) {
	if d.n == 0 || v < d.min {
		d.min = v
	}
	d.max = max(d.max, v)
	d.n++
	var carry uint64
	d.lo, carry = bits.Add64(d.lo, uint64(max(v, 0)), 0)
	d.hi += carry
	delta := float64(v) - d.mean
	d.mean += delta / float64(d.n)
	d.m2 += delta * (float64(v) - d.mean)
	if len(d.top) < 5 || v > d.top[len(d.top)-1] {
		i, _ := slices.BinarySearchFunc(d.top, v, func(a, b int64) int { return cmp.Compare(b, a) })
		d.top = slices.Insert(d.top, i, v)
		d.top = d.top[:min(len(d.top), 5)]
	}
}

func (d *dist) toHist() {
	if d.hist != nil {
		return
	}
	d.hist = hdrhistogram.New(1, maxHist, 3)
	for _, v := range d.values {
		_ = d.hist.RecordValue(min(max(v, 1), int64(maxHist)))
	}
	d.values = nil
}

// merge adds o's samples. Only what tables need survives: quantiles, sums,
// extremes.
func (d *dist) merge(o *dist) {
	if o.n == 0 {
		return
	}
	if d.n == 0 || o.min < d.min {
		d.min = o.min
	}
	d.max = max(d.max, o.max)
	delta, n := o.mean-d.mean, float64(d.n+o.n)
	d.m2 += o.m2 + delta*delta*float64(d.n)*float64(o.n)/n
	d.mean += delta * float64(o.n) / n
	d.n += o.n
	var carry uint64
	d.lo, carry = bits.Add64(d.lo, o.lo, 0)
	d.hi += o.hi + carry
	d.top = append(d.top, o.top...)
	slices.SortFunc(d.top, func(a, b int64) int { return cmp.Compare(b, a) })
	d.top = d.top[:min(len(d.top), 5)]
	if o.hist != nil {
		d.toHist()
		d.hist.Merge(o.hist)
		return
	}
	if d.hist != nil {
		for _, v := range o.values {
			_ = d.hist.RecordValue(min(max(v, 1), int64(maxHist)))
		}
		return
	}
	d.values = append(d.values, o.values...)
}

func (d *dist) exact() bool { return d.hist == nil }

// sorted sorts the values; d is no longer in order of arrival after.
func (d *dist) sort() { quantile.SortInts(d.values) }

// quantile of sorted values, or of the histogram.
func (d *dist) quantile(q float64) float64 {
	if d.hist == nil {
		return quantile.Percentile(d.values, q)
	}
	if d.n == 0 {
		return math.NaN()
	}
	switch q {
	case 0:
		return float64(d.min)
	case 1:
		return float64(d.max)
	}
	return float64(d.hist.ValueAtQuantile(q * 100))
}

// sum in ns.
func (d *dist) sum() float64 { return float64(d.hi)*(1<<64) + float64(d.lo) }

// meanWithout is the mean after taking n values off that sum up to off.
func (d *dist) meanWithout(n uint64, off float64) float64 {
	if d.n <= n {
		return math.NaN()
	}
	return (d.sum() - off) / float64(d.n-n)
}

func (d *dist) std() float64 {
	if d.n < 2 {
		return math.NaN()
	}
	return math.Sqrt(d.m2 / float64(d.n-1))
}

func sumOf(v []int64) (s float64) {
	for _, x := range v {
		s += float64(x)
	}
	return s
}

// restMedian is the median of all but the first value of a run, which is in
// order of arrival.
func (d *dist) restMedian() float64 {
	if d.hist != nil {
		return float64(d.hist.ValueAtQuantile(50))
	}
	if len(d.values) <= 1 {
		return math.NaN()
	}
	return quantile.PercentileOf(d.values[1:], 0.5)
}
