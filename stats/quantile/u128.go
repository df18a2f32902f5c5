package quantile

import (
	"math"
	"math/big"
	"math/bits"
)

// U128 is an unsigned sum that does not round, so that statistics do not depend
// on the order in which samples arrive.
type U128 struct{ hi, lo uint64 }

func (u *U128) Add(v uint64) { u.AddU128(U128{lo: v}) }

func (u *U128) Sub(v uint64) { u.SubU128(U128{lo: v}) }

func (u *U128) AddSquare(v uint64) { u.AddU128(squareOf(v)) }

func (u *U128) SubSquare(v uint64) { u.SubU128(squareOf(v)) }

// squareCap keeps the sum of squares of 2^28 samples inside 128 bits.
const squareCap = 1 << 50 // 13 days in ns

func squareOf(v uint64) (sq U128) {
	v = min(v, squareCap)
	sq.hi, sq.lo = bits.Mul64(v, v)
	return sq
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

// MeanWithout is the mean of what remains of n values and their sum once some are
// left out; NaN when nothing does.
func MeanWithout(sum U128, n int, some []int64) float64 {
	if n <= len(some) {
		return math.NaN()
	}
	for _, v := range some {
		sum.Sub(uint64(v))
	}
	return sum.Float() / float64(n-len(some))
}

// stdOf computes √((Σx² − (Σx)²/n)/(n−1)) without cancellation: the sums are
// exact integers. The divisor is n−1; NaN below two values.
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
