package paired

import (
	"math"

	"github.com/tailscope/tailscope/stats"
)

// Blocks: what one value at a time would do, in loops that keep sums in
// registers. They give the same sums to the last bit.

// blockSize is how many judgements a block makes room for.
const blockSize = 256

// begin makes room for the first of the next values and returns how many of n lie
// in one batch.
func (s *Series) begin(first float64, n int) int {
	if s.n == 0 {
		s.first, s.size = first, 1
	}
	return min(n, s.size-s.fill)
}

// took counts values of one batch whose sums are taken.
func (s *Series) took(n int) {
	s.n += n
	if s.fill += n; s.fill == s.size {
		s.close()
	}
}

// addAll takes in the next values, as Add does one by one.
func addAll[T int64 | float64](s *Series, v []T) {
	for len(v) > 0 {
		k := s.begin(float64(v[0]), len(v))
		cross, sum, sq, part, last := s.cross, s.sum, s.sq, s.part, s.last
		for _, t := range v[:k] {
			x := float64(t)
			cross += x * last
			sum += x
			sq += x * x
			part += x
			last = x
		}
		s.cross, s.sum, s.sq, s.part, s.last = cross, sum, sq, part, last
		s.took(k)
		v = v[k:]
	}
}

// addSigns is addAll of values that are −1, 0 or 1: their sums are whole.
func (s *Series) addSigns(v []int8) {
	for len(v) > 0 {
		k := s.begin(float64(v[0]), len(v))
		var cross, sum, sq int
		last := int(s.last)
		for _, t := range v[:k] {
			x := int(t)
			cross += x * last
			sum += x
			sq += x & 1
			last = x
		}
		s.cross, s.sum, s.sq, s.part, s.last = s.cross+float64(cross), s.sum+float64(sum), s.sq+float64(sq), s.part+float64(sum), float64(last)
		s.took(k)
		v = v[k:]
	}
}

// AddAll takes in the lane's next latencies.
func (l *LaneSeries) AddAll(ns []int64) {
	addAll(&l.value, ns)
	if !(l.aim[0] > 0) {
		return
	}
	var middle, tail [blockSize]int8
	for len(ns) > 0 {
		k := min(len(ns), blockSize)
		judge(middle[:k], tail[:k], ns, l.aim)
		l.middle.now.addSigns(middle[:k])
		l.tail.now.addSigns(tail[:k])
		ns = ns[k:]
	}
}

// judge says of each latency on which side of the median it lies (1: above, −1: below),
// and whether beyond the p99 (1), without a branch: neither can be foreseen.
func judge(middle, tail []int8, ns []int64, aim [2]float64) {
	floor, ceil, p99 := int64(math.Floor(aim[0])), int64(math.Ceil(aim[0])), int64(math.Floor(aim[1]))
	tail, ns = tail[:len(middle)], ns[:len(middle)]
	for i := range middle {
		v := ns[i]
		middle[i] = less(floor, v) - less(v, ceil)
		tail[i] = less(p99, v)
	}
}

// less is 1 where a < b, else 0; neither is negative.
func less(a, b int64) int8 { return int8(uint64(a-b) >> 63) }

// AddAll takes in the next pairs.
func (r *Running) AddAll(pairs []Pair) {
	r.signs.Signs = r.signs.Signs || len(pairs) > 0
	aims := r.aim[stats.Optimized] > 0
	eager, optimized := int64(math.Floor(r.aim[stats.Eager])), int64(math.Floor(r.aim[stats.Optimized]))
	var sign, tail [blockSize]int8
	var diff [blockSize]int64
	for len(pairs) > 0 {
		k := min(len(pairs), blockSize)
		for i, p := range pairs[:k] {
			diff[i] = p.Optimized - p.Eager
			sign[i] = less(p.Eager, p.Optimized) - less(p.Optimized, p.Eager)
			tail[i] = less(optimized, p.Optimized) - less(eager, p.Eager)
		}
		r.signs.addSigns(sign[:k])
		addAll(&r.diffs, diff[:k])
		if aims {
			r.tails.now.addSigns(tail[:k])
		}
		pairs = pairs[k:]
	}
}

// AddAll takes in the next values, as Add does one by one.
func (s *Series) AddAll(v []float64) { addAll(s, v) }
