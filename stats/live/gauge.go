package live

import (
	"fmt"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
)

// GaugeInput is the state of one compile cache as the worker counts it.
type GaugeInput struct {
	Mode         string
	Strategy     string
	Used         int // executables alive
	Limit        int
	Reached      bool
	Compiles     int // since the worker started: first and later ones
	WorkerStarts int // generation: counts start again
}

// gaugeState remembers when a cache grew, to forecast its limit.
type gaugeState struct {
	in    GaugeInput
	from  gaugeStep   // where counting began
	steps []gaugeStep // the recent past, oldest first
}

type gaugeStep struct{ compiles, requests int }

const gaugeSteps = 64

// SetGauge takes in a compile cache's counters, whenever they change.
func (c *Collector) SetGauge(in GaugeInput) {
	mode, err := stats.ParseMode(in.Mode)
	if err != nil {
		return
	}
	m := c.mode(mode)
	requests := m.lanes[stats.Optimized].n
	i := slices.IndexFunc(m.gauges, func(g gaugeState) bool { return g.in.Strategy == in.Strategy })
	if i < 0 {
		if len(m.gauges) == maxGauges {
			m.gauges = slices.Delete(m.gauges, 0, 1)
		}
		m.gauges = append(m.gauges, gaugeState{from: gaugeStep{0, requests}, in: GaugeInput{WorkerStarts: in.WorkerStarts}})
		i = len(m.gauges) - 1
	}
	g := &m.gauges[i]
	if in.Compiles < g.in.Compiles || in.WorkerStarts != g.in.WorkerStarts { // another worker
		g.from, g.steps = gaugeStep{0, requests}, nil
	}
	g.in = in
	g.steps = append(g.steps, gaugeStep{in.Compiles, requests})
	if len(g.steps) > gaugeSteps {
		g.steps = slices.Delete(g.steps, 0, len(g.steps)-gaugeSteps)
	}
}

const maxGauges = 16

// gaugeWindow is the number of requests over which churn is counted.
const gaugeWindow = 500

// view counts compiles over the last gaugeWindow requests of the optimized
// lane (or since the counters were first seen) and forecasts the limit from the
// shapes seen so far.
func (g *gaugeState) view(requests int, seen *shapesSeen) stats.Gauge {
	out := stats.Gauge{Mode: g.in.Mode, Strategy: g.in.Strategy, Used: g.in.Used, Limit: g.in.Limit, Reached: g.in.Reached, Forecast: -1}
	from := g.from
	if len(g.steps) == gaugeSteps {
		from = g.steps[0]
	}
	for _, s := range g.steps {
		if s.requests <= requests-gaugeWindow {
			from = s
		}
	}
	from.requests = max(from.requests, requests-gaugeWindow) // nothing was made since the step before
	span := requests - from.requests
	made := g.in.Compiles - from.compiles
	if span > 0 {
		out.Per100 = 100 * float64(made) / float64(span)
	}
	left := g.in.Limit - g.in.Used
	switch {
	case g.in.Limit <= 0:
		out.Sentence = fmt.Sprintf("%d executables, no limit", g.in.Used)
	case g.in.Reached:
		out.Sentence = fmt.Sprintf("%d of %d executables: the limit is reached, new shapes run eager", g.in.Used, g.in.Limit)
	case left <= 0:
		out.Sentence = fmt.Sprintf("%d of %d executables: the next new shape runs eager", g.in.Used, g.in.Limit)
		out.Forecast = 0
	case span < 10:
		out.Sentence = fmt.Sprintf("%d of %d executables, too few requests for a forecast", g.in.Used, g.in.Limit)
	case seen.once >= 3 && seen.foreseen(left): // fewer say nothing of how their number grows
		out.Forecast = roundForecast(seen.until(left))
		out.Sentence = fmt.Sprintf("%d of %d executables: as new shapes come, the limit is reached in about %d requests",
			g.in.Used, g.in.Limit, out.Forecast)
	case seen.once >= 3:
		out.Sentence = fmt.Sprintf("%d of %d executables: the limit is not in sight, not before about %d requests",
			g.in.Used, g.in.Limit, roundForecast(seen.earliest(left)))
	case made > 0: // made without new shapes
		out.Forecast = roundForecast(float64(left) * float64(span) / float64(made))
		out.Sentence = fmt.Sprintf("%d of %d executables: at this churn the limit is reached in about %d requests",
			g.in.Used, g.in.Limit, out.Forecast)
	default:
		out.Sentence = fmt.Sprintf("%d of %d executables, none made lately", g.in.Used, g.in.Limit)
	}
	return out
}

// roundForecast keeps one digit, two above ten: a forecast promises no more.
func roundForecast(x float64) int {
	step := 1
	for x/float64(step) >= 100 {
		step *= 10
	}
	return max(1, int(x/float64(step)+0.5)*step)
}

// shapesSeen counts the shapes of one strategy that the optimized lane ran.
type shapesSeen struct {
	n, shapes, once int // requests, shapes, and those of them that came once
}

func (m *modeState) shapesSeen(strategy string) (out shapesSeen) {
	for _, st := range m.shapes.all {
		if n := st.lanes[stats.Optimized].n; n > 0 && ofStrategy(st.strategy, strategy) {
			out.n, out.shapes = out.n+n, out.shapes+1
			if n == 1 {
				out.once++
			}
		}
	}
	return out
}

// until is the number of further requests until so many more shapes have come.
// The next request brings a new one with probability once/n (Good, Biometrika 40,
// 1953), and the number of shapes grows as n^β, β = once/shapes: 1 where all are
// new, less where a mix with a long tail brings ever fewer (Pitman and Yor,
// Annals of Probability 25, 1997).
func (s *shapesSeen) until(more int) float64 {
	beta := float64(s.once) / float64(s.shapes)
	grown := float64(s.shapes+more) / float64(s.shapes)
	return math.Min(1e9, float64(s.n)*(math.Pow(grown, 1/beta)-1))
}

// earliest is the number of further requests in which so many more shapes come
// as long as new ones come no more seldom than now: of traffic that stays as it
// is, an unknown one only gets rarer.
func (s *shapesSeen) earliest(more int) float64 { return float64(more*s.n) / float64(s.once) }

// foreseen reports whether until is more than a guess: shapes that are unknown
// yet can be counted ahead for n·log n requests and no further (Orlitsky, Suresh
// and Wu, PNAS 113, 2016), except where new ones come as often as ever.
func (s *shapesSeen) foreseen(more int) bool {
	n := float64(s.n)
	return s.until(more) <= max(n*math.Log(n), 1.5*s.earliest(more))
}

// ofStrategy reports whether samples under this label ran one phase by word.
func ofStrategy(label, word string) bool {
	return label == word || stats.PhaseStrategy(label, "prefill") == word || stats.PhaseStrategy(label, "decode") == word
}
