package quantile

import (
	"math"
	"math/bits"
	"slices"
)

// Lengths from which counting digits of 8 bits beats comparing, and digits of 11
// those of 8.
const (
	digitsMin = 64
	wideMin   = 4096
)

// SortInts sorts ascending. All but short slices are sorted by digits of 8 bits,
// long ones of 11, which takes a copy of v and a tenth to a quarter of the time
// of comparisons.
func SortInts(v []int64) {
	if len(v) < digitsMin {
		slices.Sort(v)
		return
	}
	lo, hi, sorted := v[0], v[0], true
	for i := 1; i < len(v); i++ {
		lo, hi = min(lo, v[i]), max(hi, v[i])
		sorted = sorted && v[i-1] <= v[i]
	}
	width, digit := bits.Len64(uint64(hi)-uint64(lo)), 11 // wraps as it must
	if sorted {
		return
	}
	if len(v) < wideMin {
		digit = 8
	}
	if width > 4*digit { // more digits would not pay
		slices.Sort(v)
		return
	}
	from, to := v, make([]int64, len(v))
	for shift := 0; shift < width; shift += digit {
		radixPass(from, to, lo, shift, 1<<digit)
		from, to = to, from
	}
	if &from[0] != &v[0] {
		copy(v, from)
	}
}

// radixPass sorts from into to by the digit at shift of what exceeds lo, one of
// values, a power of two.
func radixPass(from, to []int64, lo int64, shift, values int) {
	var counts [1 << 11]int32
	at, mask := counts[:values], uint64(values-1)
	for _, x := range from {
		at[(uint64(x)-uint64(lo))>>shift&mask]++
	}
	sum := int32(0)
	for i, n := range at {
		at[i] = sum
		sum += n
	}
	for _, x := range from {
		d := &at[(uint64(x)-uint64(lo))>>shift&mask]
		to[*d] = x
		*d++
	}
}

// radixMin is the length from which looking at leading digits beats sorting.
const radixMin = 2048

// PercentileOf is Percentile of values in any order, which stay as they are.
// Of long slices it looks only at the values that share their leading digits
// with the result, a fifth of the time of sorting.
func PercentileOf(v []int64, q float64) float64 {
	n := len(v)
	if n == 0 {
		return math.NaN()
	}
	pos := min(max(q, 0), 1) * float64(n-1)
	i := int(math.Floor(pos))
	a, b := neighbours(v, i, min(i+1, n-1))
	return Lerp(float64(a), float64(b), pos-float64(i))
}

// neighbours are the values that would stand at i and j, which is i or i+1, if
// v were sorted.
func neighbours(v []int64, i, j int) (a, b int64) {
	from := v
	for len(from) >= radixMin {
		lo, hi := from[0], from[0]
		for _, x := range from {
			lo, hi = min(lo, x), max(hi, x)
		}
		shift := max(bits.Len64(uint64(hi)-uint64(lo))-11, 0)
		digit := func(x int64) int { return int((uint64(x) - uint64(lo)) >> shift & (1<<11 - 1)) }
		var counts [1 << 11]int32
		for _, x := range from {
			counts[digit(x)]++
		}
		d, before := 0, 0
		for ; before+int(counts[d]) <= i; d++ {
			before += int(counts[d])
		}
		of := make([]int64, 0, counts[d])
		for _, x := range from {
			if digit(x) == d {
				of = append(of, x)
			}
		}
		i, j = i-before, j-before
		if j == len(of) { // the next digit's smallest
			b = hi
			for _, x := range from {
				if digit(x) > d {
					b = min(b, x)
				}
			}
			return slices.Max(of), b
		}
		if shift == 0 { // all are the same
			return of[0], of[0]
		}
		from = of
	}
	s := slices.Clone(from)
	slices.Sort(s)
	return s[i], s[j]
}
