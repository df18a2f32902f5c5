package stats

import (
	"math/bits"
	"slices"
)

// radixMin is the length from which counting digits beats comparing.
const radixMin = 2048

// SortInts sorts ascending. Long slices are sorted by digits of 11 bits, which
// takes a copy of v and a tenth of the time of comparisons.
func SortInts(v []int64) {
	if len(v) < radixMin {
		slices.Sort(v)
		return
	}
	lo, hi, sorted := v[0], v[0], true
	for i := 1; i < len(v); i++ {
		lo, hi = min(lo, v[i]), max(hi, v[i])
		sorted = sorted && v[i-1] <= v[i]
	}
	width := bits.Len64(uint64(hi) - uint64(lo)) // wraps as it must
	if sorted {
		return
	}
	if width > 44 { // four digits: more would not pay
		slices.Sort(v)
		return
	}
	from, to := v, make([]int64, len(v))
	for shift := 0; shift < width; shift += 11 {
		radixPass(from, to, lo, shift)
		from, to = to, from
	}
	if &from[0] != &v[0] {
		copy(v, from)
	}
}

// radixPass sorts from into to by the 11 bits at shift of what exceeds lo.
func radixPass(from, to []int64, lo int64, shift int) {
	var at [1 << 11]int
	for _, x := range from {
		at[(uint64(x)-uint64(lo))>>shift&(1<<11-1)]++
	}
	sum := 0
	for i, n := range at {
		at[i] = sum
		sum += n
	}
	for _, x := range from {
		d := &at[(uint64(x)-uint64(lo))>>shift&(1<<11-1)]
		to[*d] = x
		*d++
	}
}
