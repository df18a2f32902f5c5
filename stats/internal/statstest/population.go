package statstest

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func Slow(t *testing.T) {
	t.Helper()
	if os.Getenv("TAILSCOPE_SLOW") == "" {
		t.Skip("set TAILSCOPE_SLOW=1 to simulate coverage")
	}
}

// Population draws latencies and knows its quantiles.
type Population struct {
	Name     string
	Draw     func(r *rand.Rand) float64
	Quantile func(q float64) float64
	Mean     float64 // NaN: the variance is infinite
}

func Populations() []Population {
	logn := func(r *rand.Rand) float64 { return 2e6 * math.Exp(0.4*r.NormFloat64()) }
	bi := func(r *rand.Rand) float64 {
		if r.Float64() < 0.7 {
			return 1e6 * math.Exp(0.05*r.NormFloat64())
		}
		return 4e6 * math.Exp(0.1*r.NormFloat64())
	}
	pareto := func(r *rand.Rand) float64 { return 1e6 * math.Pow(1-r.Float64(), -1/1.5) }
	big := func(draw func(*rand.Rand) float64) func(float64) float64 { // by simulation, once
		r := rand.New(rand.NewPCG(99, 99))
		v := make([]float64, 4_000_000)
		for i := range v {
			v[i] = draw(r)
		}
		slices.Sort(v)
		return func(q float64) float64 { return v[int(q*float64(len(v)-1))] }
	}
	return []Population{{"lognormal", logn, big(logn), 2e6 * math.Exp(0.4*0.4/2)},
		{"bimodal", bi, big(bi), 0.7*1e6*math.Exp(0.05*0.05/2) + 0.3*4e6*math.Exp(0.1*0.1/2)},
		{"heavy", pareto, func(q float64) float64 { return 1e6 * math.Pow(1-q, -1/1.5) }, math.NaN()}}
}

func IsSlow() bool { return os.Getenv("TAILSCOPE_SLOW") != "" }
