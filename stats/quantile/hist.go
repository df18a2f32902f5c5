package quantile

import (
	"math"
	"math/bits"
)

// Hist is a histogram with the buckets of an HdrHistogram of three significant
// digits and unit 1 ns: values below 2,048 are exact, every octave above has
// 1,024 equal buckets, so a bucket's width is at most 1/1,024 of its values
// and its middle is within 0.05 % of each of them.
//
// Unlike hdrhistogram.Histogram it covers all of int64, allocates an octave
// (4 KiB) only when a value falls into it, and gives values back (remove),
// which a sliding window needs. A test holds the two to the same buckets.
type Hist struct {
	pages [histPages]histPage
}

// histPage is one octave; c is nil until a value falls into it.
type histPage struct {
	n uint64
	c *[SubBuckets]uint32
}

const (
	histSubBits = 10
	SubBuckets  = 1 << histSubBits // buckets an octave
	histPages   = 64 - histSubBits // page 0: values below 1,024, page p: [2^(p+9), 2^(p+10))
)

// histIndex returns the page and bucket of v, which must not be negative. A float64
// has both in its upper bits, and is exact below 2⁵³: no bit is looked for, no
// shift depends on it.
func histIndex(v int64) (page, sub int) {
	if uint64(v-SubBuckets) < 1<<53-SubBuckets {
		x := int(math.Float64bits(float64(v))>>(52-histSubBits)) - (1023+histSubBits-1)<<histSubBits
		return x >> histSubBits, x & (SubBuckets - 1)
	}
	return histIndexBits(v)
}

func histIndexBits(v int64) (page, sub int) {
	l := bits.Len64(uint64(v))
	if l <= histSubBits {
		return 0, int(v)
	}
	return l - histSubBits, int(uint64(v)>>(l-histSubBits-1)) - SubBuckets
}

// histValue returns the middle of a bucket.
func histValue(page, sub int) float64 {
	lo, width := Edges(page, sub)
	return float64(lo) + float64(width-1)/2
}

// Edges returns the smallest value of a bucket and the number of values in it.
func Edges(page, sub int) (lo, width int64) {
	if page == 0 {
		return int64(sub), 1
	}
	shift := page - 1
	return int64(sub+SubBuckets) << shift, 1 << shift
}

func (h *Hist) Record(v int64) {
	p, s := histIndex(v)
	pg := &h.pages[p]
	if pg.c == nil {
		pg.c = new([SubBuckets]uint32)
	}
	pg.c[s&(SubBuckets-1)]++
	pg.n++
}

// RecordAll records values, none of them negative.
func (h *Hist) RecordAll(v []int64) {
	for _, x := range v {
		p, s := histIndex(x)
		pg := &h.pages[p]
		c := pg.c
		if c == nil {
			c = new([SubBuckets]uint32)
			pg.c = c
		}
		c[s&(SubBuckets-1)]++
		pg.n++
	}
}

// recordBoth records values, none of them negative, in two histograms.
func recordBoth(h, o *Hist, v []int64) {
	for _, x := range v {
		p, s := histIndex(x)
		a, b := &h.pages[p], &o.pages[p]
		if a.c == nil {
			a.c = new([SubBuckets]uint32)
		}
		if b.c == nil {
			b.c = new([SubBuckets]uint32)
		}
		a.c[s&(SubBuckets-1)]++
		b.c[s&(SubBuckets-1)]++
		a.n++
		b.n++
	}
}

// N is the number of values.
func (h *Hist) N() (n uint64) {
	for p := range h.pages {
		n += h.pages[p].n
	}
	return n
}

// Remove takes back one value that was recorded.
func (h *Hist) Remove(v int64) {
	p, s := histIndex(v)
	if pg := &h.pages[p]; pg.c != nil && pg.c[s] > 0 {
		pg.c[s]--
		pg.n--
	}
}

// Reset empties the histogram and keeps its memory.
func (h *Hist) Reset() {
	for p := range h.pages {
		if pg := &h.pages[p]; pg.n > 0 {
			clear(pg.c[:])
			pg.n = 0
		}
	}
}

// Merge adds all values of o.
func (h *Hist) Merge(o *Hist) {
	for p := range o.pages {
		from, to := &o.pages[p], &h.pages[p]
		if from.n == 0 {
			continue
		}
		if to.c == nil {
			to.c = new([SubBuckets]uint32)
		}
		for i, c := range from.c {
			to.c[i] += c
		}
		to.n += from.n
	}
}

// Ranks writes into out the value at each 1-based rank. Ranks must ascend and
// lie in 1 … n.
func (h *Hist) Ranks(ranks []uint64, out []float64) {
	var before uint64
	k := 0
	for p := 0; p < histPages && k < len(ranks); p++ {
		if h.pages[p].n == 0 || ranks[k] > before+h.pages[p].n {
			before += h.pages[p].n
			continue
		}
		k += h.ranksIn(p, before, ranks[k:], out[k:])
		before += h.pages[p].n
	}
}

// ranksIn is Ranks of one page, before which lie so many values, and returns how
// many it found. Buckets are summed up block by block; a rank lies in few of them.
func (h *Hist) ranksIn(p int, before uint64, ranks []uint64, out []float64) (k int) {
	const block = 16
	for from := 0; from < SubBuckets && k < len(ranks); from += block {
		counts, sum := h.pages[p].c[from:from+block], uint64(0)
		for _, c := range counts {
			sum += uint64(c)
		}
		for s := 0; k < len(ranks) && ranks[k] <= before+sum; k++ {
			for ; before+uint64(counts[s]) < ranks[k]; s++ {
				before, sum = before+uint64(counts[s]), sum-uint64(counts[s])
			}
			out[k] = histValue(p, from+s)
		}
		before += sum
	}
	return k
}

// Each calls f for every bucket with values, in ascending order.
func (h *Hist) Each(f func(value float64, count uint64)) {
	for p := range h.pages {
		if h.pages[p].n == 0 {
			continue
		}
		for s, c := range h.pages[p].c {
			if c != 0 {
				f(histValue(p, s), uint64(c))
			}
		}
	}
}
