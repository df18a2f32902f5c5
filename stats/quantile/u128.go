package quantile

import (
	"math"
	"math/big"
	"math/bits"
)

// U128 is an unsigned sum that does not round, so that statistics do not depend
// on the order in which samples arrive.
type U128 struct{ hi, lo uint64 }

func (u *U128) Add(v uint64) {
	var c uint64
	u.lo, c = bits.Add64(u.lo, v, 0)
	u.hi += c
}

func (u *U128) Sub(v uint64) {
	var b uint64
	u.lo, b = bits.Sub64(u.lo, v, 0)
	u.hi -= b
}

// squareCap keeps the sum of squares of 2^28 samples inside 128 bits.
const squareCap = 1 << 50 // 13 days in ns

func (u *U128) AddSquare(v uint64) {
	v = min(v, squareCap)
	hi, lo := bits.Mul64(v, v)
	var c uint64
	u.lo, c = bits.Add64(u.lo, lo, 0)
	u.hi, _ = bits.Add64(u.hi, hi, c)
}

func (u *U128) SubSquare(v uint64) {
	v = min(v, squareCap)
	hi, lo := bits.Mul64(v, v)
	var b uint64
	u.lo, b = bits.Sub64(u.lo, lo, 0)
	u.hi, _ = bits.Sub64(u.hi, hi, b)
}

func (u U128) Float() float64 { return float64(u.hi)*(1<<64) + float64(u.lo) }

func (u U128) big() *big.Int {
	b := new(big.Int).SetUint64(u.hi)
	b.Lsh(b, 64)
	return b.Or(b, new(big.Int).SetUint64(u.lo))
}

func (u *U128) SubU128(v U128) {
	var b uint64
	u.lo, b = bits.Sub64(u.lo, v.lo, 0)
	u.hi, _ = bits.Sub64(u.hi, v.hi, b)
}

func (u *U128) AddU128(v U128) {
	var c uint64
	u.lo, c = bits.Add64(u.lo, v.lo, 0)
	u.hi, _ = bits.Add64(u.hi, v.hi, c)
}

// stdOf computes √((Σx² − (Σx)²/n)/(n−1)) without cancellation: the sums are
// exact integers.
func stdOf(n int, sum, sq U128) float64 {
	if n < 2 {
		return math.NaN()
	}
	if sum.hi == 0 && sq.hi == 0 && sum.lo < 1<<31 && n < 1<<20 && sq.lo < 1<<43 {
		num := uint64(n)*sq.lo - sum.lo*sum.lo
		return math.Sqrt(float64(num) / float64(n) / float64(n-1))
	}
	bn := big.NewInt(int64(n))
	num := new(big.Int).Mul(bn, sq.big())
	s := sum.big()
	num.Sub(num, s.Mul(s, s))
	f, _ := new(big.Float).SetInt(num).Float64()
	return math.Sqrt(max(f, 0) / float64(n) / float64(n-1))
}
