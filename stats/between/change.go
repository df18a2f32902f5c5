package between

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence of every interval and power of every smallest change here.
const (
	Confidence = 0.95
	Power      = 0.80
)

// Noise is how far sessions of the same thing lie apart: the standard deviation
// of the log of one figure, from sessions recorded for this purpose.
type Noise struct {
	Sd float64 `json:"sd_log"`
	N  int     `json:"sessions"` // it was estimated from; degrees of freedom N−1
}

// NoiseOf estimates it from one figure of several A/A sessions, all above 0.
func NoiseOf(values []float64) Noise {
	m := momentsOf(logs(values))
	return Noise{Sd: math.Sqrt(m.v), N: m.n}
}

// Change is B over A of one figure, each side one value a session.
type Change struct {
	NA, NB   int     // sessions
	A, B     float64 // geometric means
	Ratio    float64 // B ÷ A; NaN without sessions on one side
	Lo, Hi   float64 // 95 % interval of Ratio; NaN where nothing tells the sessions' own variation
	Df       float64 // degrees of freedom of Lo and Hi
	Sd       float64 // of the log between sessions of one side; NaN unknown
	Recorded bool    // Sd was recorded apart, not seen in these sessions
	Smallest float64 // smallest change, as a share, that so many sessions would show in 80 of 100 comparisons
}

// Told reports whether the sessions tell a change: the interval leaves out 1.
func (c Change) Told() bool { return c.Lo > 1 || c.Hi < 1 }

// Compare holds the sessions of b against those of a, values above 0. With two or
// more a side the interval is Welch's t over the logs (Welch 1947; Kalibera and
// Jones, ISMM 2013: the highest level that varies is the unit). With one a side
// only a recorded noise can tell how far two sessions differ by themselves;
// noise may be nil.
func Compare(a, b []float64, noise *Noise) Change {
	x, y := momentsOf(logs(a)), momentsOf(logs(b))
	nan := math.NaN()
	c := Change{NA: x.n, NB: y.n, A: math.Exp(x.mean), B: math.Exp(y.mean), Ratio: math.Exp(y.mean - x.mean),
		Lo: nan, Hi: nan, Df: nan, Sd: nan, Smallest: nan}
	if x.n == 0 || y.n == 0 {
		return c
	}
	var se float64
	switch {
	case x.n > 1 && y.n > 1:
		vx, vy := x.v/float64(x.n), y.v/float64(y.n)
		se = math.Sqrt(vx + vy)
		c.Df = (vx + vy) * (vx + vy) / (vx*vx/float64(x.n-1) + vy*vy/float64(y.n-1))
		c.Sd = math.Sqrt((x.v + y.v) / 2)
		if se == 0 { // equal to the last digit
			c.Df = float64(x.n + y.n - 2)
		}
	case noise != nil && noise.N > 1 && noise.Sd > 0:
		se = noise.Sd * math.Sqrt(1/float64(x.n)+1/float64(y.n))
		c.Df, c.Sd, c.Recorded = float64(noise.N-1), noise.Sd, true
	default:
		return c
	}
	d, t := y.mean-x.mean, tQuantile((1+Confidence)/2, c.Df)
	c.Lo, c.Hi = math.Exp(d-t*se), math.Exp(d+t*se)
	c.Smallest = math.Expm1((t + tQuantile(Power, c.Df)) * se * c.again())
	return c
}

// again is by how much more a further comparison has to differ, because the noise it
// will see is not the noise these few sessions have shown: 1 + 1 ÷ degrees of freedom
// gives 77 to 81 of 100 for two to eight sessions a side (TestSessionsOfTheSame). A
// recorded noise is the same again.
func (c Change) again() float64 {
	if c.Recorded || !(c.Df > 0) {
		return 1
	}
	return 1 + 1/c.Df
}

// Sessions is how many a side would show a change of this share (0.02: 2 %) in 80
// of 100 comparisons, at the noise c has seen; 0 where none is known, at most
// 10,000.
func (c Change) Sessions(share float64) int {
	if !(c.Sd > 0) || !(share > 0) {
		return 0
	}
	want := math.Log1p(share)
	for n := 2; n < 10_000; n++ {
		df := float64(2*n - 2)
		if (tQuantile((1+Confidence)/2, df)+tQuantile(Power, df))*c.Sd*c.again()*math.Sqrt(2/float64(n)) <= want {
			return n
		}
	}
	return 10_000
}

type moments struct {
	n       int
	mean, v float64
}

func momentsOf(v []float64) moments {
	m := moments{n: len(v)}
	if m.n == 0 {
		m.mean = math.NaN()
	}
	for _, x := range v {
		m.mean += x / float64(m.n)
	}
	for _, x := range v {
		m.v += (x - m.mean) * (x - m.mean) / float64(max(m.n-1, 1))
	}
	return m
}

// logs leaves out what has none: a session without the figure is no session.
func logs(values []float64) []float64 {
	var out []float64
	for _, v := range values {
		if v > 0 && !math.IsInf(v, 1) {
			out = append(out, math.Log(v))
		}
	}
	return out
}

func tQuantile(p, df float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: math.Max(df, 1)}.Quantile(p)
}
