package paired

import "math"

// Log is the logarithm of optimized ÷ eager, NaN unless both are above 0, within 2e-15 of
// math.Log, in half its time: a session takes one of each pair. The ratio is
// 2^k·c·(1+r) with c one of 129 multiples of 1/128 and |r| ≤ 1/256, and the series
// of log(1+r) ends at r⁵ (Tang, ACM Transactions on Mathematical Software 16, 1990).
func (p Pair) Log() float64 {
	if p.Eager <= 0 || p.Optimized <= 0 {
		return math.NaN()
	}
	const half = 1 << (51 - logBits)
	b := math.Float64bits(float64(p.Optimized) / float64(p.Eager))
	k := int(b>>52) - 1023
	m := b & (1<<52 - 1)
	c := &logTable[(m+half)>>(52-logBits)&(2<<logBits-1)]
	r := (math.Float64frombits(m|1023<<52) - c.at) * c.inverse
	return float64(k)*math.Ln2 + (c.log + r*(1+r*(-1./2+r*(1./3+r*(-1./4+r*(1./5))))))
}

const logBits = 7

type logEntry struct{ at, inverse, log float64 }

// logTable has c, 1/c and log c for c from 1 to 2; the rest of it is for the compiler.
var logTable = func() (t [2 << logBits]logEntry) {
	for i := range 1<<logBits + 1 {
		c := 1 + float64(i)/(1<<logBits)
		t[i] = logEntry{c, 1 / c, math.Log(c)}
	}
	return t
}()
