package live

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/statstest"
)

// The forecast of the limit from the shapes seen is right within a factor of 3
// of when it comes, where shapes keep coming and where a long tail brings ever
// fewer: a rate over the last requests was 2 to 15 times too early there.
func TestForecastOfTheLimit(t *testing.T) {
	zipf := func(r *rand.Rand) func() int {
		z := rand.NewZipf(r, 1.3, 4, 5000)
		return func() int { return int(z.Uint64()) }
	}
	churn := func(*rand.Rand) func() int {
		i := 0
		return func() int {
			if i++; i%50 == 0 {
				return i
			}
			return 1
		}
	}
	uniform := func(r *rand.Rand) func() int { return func() int { return r.IntN(200) } }
	for name, mix := range map[string]func(*rand.Rand) func() int{"zipf": zipf, "churn": churn, "uniform": uniform} {
		for _, at := range []int{100, 300, 1000} {
			off := 0
			const trials = 20
			for seed := range uint64(trials) {
				draw := mix(rand.New(rand.NewPCG(seed, 8)))
				const limit = 100
				m := modeState{}
				ids := map[int]*shapeState{}
				forecast, actual := 0.0, 0
				for i := 1; len(ids) < limit && i < 100_000; i++ {
					k := draw()
					if ids[k] == nil {
						ids[k] = &shapeState{strategy: "variable"}
						m.shapes.all = append(m.shapes.all, ids[k])
					}
					ids[k].lanes[stats.Optimized].n++
					if i == at {
						seen := m.shapesSeen("variable")
						if left := limit - len(ids); seen.once >= 3 && seen.foreseen(left) {
							forecast = seen.until(left)
						}
					}
					actual = i - at
				}
				if forecast > 0 && actual > 20 && (forecast > 3*float64(actual) || forecast < float64(actual)/3) {
					off++
				}
			}
			if off > trials/5 {
				t.Errorf("%s after %d requests: %d of %d forecasts are off by more than 3 ×", name, at, off, trials)
			}
		}
	}
}

// Break-even is not said of a compile that saves nothing, whatever the noise.
func TestBreakEvenIsNotSaidOfNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	said := 0
	const trials = 300
	for range trials {
		var st shapeState
		ever := false
		for i := range 1000 {
			d := 1e5 * r.NormFloat64()
			for _, sign := range []float64{1, -1} { // 5 % of requests stall for 30 ms, in either lane
				if r.Float64() < .05 {
					d += sign * 30e6
				}
			}
			st.gain.Add(d)
			if i%50 == 49 {
				b := breakEven(60e6, &st.gain)
				ever = ever || b >= 0
			}
		}
		if ever {
			said++
		}
	}
	if said > trials/20 {
		t.Errorf("a compile that saves nothing has paid or will in %d of %d", said, trials)
	}
	var st shapeState
	for range 200 {
		st.gain.Add(1e6 + 1e5*r.NormFloat64())
	}
	if b := breakEven(60e6, &st.gain); b != 0 {
		t.Errorf("200 requests saved 1 ms each: %d", b)
	}
	if b := breakEven(st.gain.Mean()*200*.999, &st.gain); b != stats.BreakEvenUntold {
		t.Errorf("all but paid back by the mean, not by its interval: %d", b)
	}
	if b := breakEven(600e6, &st.gain); b < 380 || b > 420 {
		t.Errorf("600 ms at 1 ms a request, 200 of them done: %d", b)
	}
}

// Traffic of 250 lengths, few of them common, never reaches a limit of 2,048:
// whatever is said of it bounds the time from below, and no later time is named.
func TestALimitOutOfSightIsNotForetold(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c, m := New(Options{}), statstest.NewMixture(24)
	for seen := map[string]bool{}; len(m.Rows) < 6000; {
		shape := fmt.Sprint("1x", 8+r.IntN(8))
		if r.IntN(50) == 0 {
			shape = fmt.Sprint("1x", 8+r.IntN(250))
		}
		c.Add(m.Add(shape, 1e6, nil))
		if !seen[shape] {
			seen[shape] = true
			c.SetGauge(GaugeInput{Mode: "prefill", Strategy: "variable", Used: len(seen), Limit: 2048, Compiles: len(seen)})
		}
		g := c.Live(stats.Prefill, m.T).Gauges
		if n := len(m.Rows); n > 100 && n%500 == 0 && (g[0].Forecast >= 0 || !strings.Contains(g[0].Sentence, "not in sight")) {
			t.Errorf("after %d requests: %s", n, g[0].Sentence)
		}
	}
}

// Where every request brings a shape, the limit is counted out, however few there were.
func TestALimitThatEachRequestNearsIsForetold(t *testing.T) {
	all := shapesSeen{n: 10, shapes: 10, once: 10}
	if got := all.until(86); !all.foreseen(86) || math.Round(got) != 86 || all.earliest(86) != 86 {
		t.Errorf("%v requests until 86 shapes more, %v at the earliest", got, all.earliest(86))
	}
}
