package statstest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/tailscope/tailscope/stats"
)

// stream makes interleaved samples of both lanes: lognormal, five scenarios of
// two lengths, a compile at each first shape of the optimized lane and now and then.
type stream struct {
	r      *rand.Rand
	I      int
	T      int64
	names  [5]string
	shapes [10]string
	seen   [10]bool
	churn  float64
}

func NewStream(seed uint64) *stream {
	s := &stream{r: rand.New(rand.NewPCG(seed, 1)), T: 1e9, churn: 0.002}
	for i := range s.names {
		s.names[i] = fmt.Sprintf("scenario_%d", i)
	}
	for i := range s.shapes {
		s.shapes[i] = fmt.Sprintf("1x%d", 8*(i+1))
	}
	return s
}

func (g *stream) Next() stats.Sample {
	lane := stats.Lane(g.I & 1)
	req := uint64(g.I / 2)
	sc, pr := int(req%5), int(req/5%2)
	median := 2e6 * (1 + 0.2*float64(sc))
	if lane == stats.Optimized {
		median *= 0.6
	}
	s := stats.Unknown()
	s.Seq, s.Request, s.Lane, s.Order, s.Mode, s.Scenario = uint64(g.I), req, lane, uint8(lane), stats.Prefill, g.names[sc]
	s.Strategy, s.Shape, s.Backend, s.Batch = "variable", g.shapes[2*sc+pr], "test", 1
	s.Tokens, s.ExecutedTokens = int32(8*(2*sc+pr+1)), int32(8*(2*sc+pr+1))
	s.Prompt, s.StartNs, s.NthInRun = int32(pr), g.T, int32(g.I/10)
	s.RunDelayNs, s.MinFlt, s.MajFlt, s.NIvCSw = 0, 3, 0, 0
	s.WallNs = int64(median * math.Exp(0.1*g.r.NormFloat64()))
	if k := 2*sc + pr; lane == stats.Optimized && (!g.seen[k] || g.r.Float64() < g.churn) {
		g.seen[k] = true
		s.CompileNs = 40e6
		s.WallNs += s.CompileNs
		s.Flags |= stats.FlagRecompile
	}
	g.T += s.WallNs + 1000
	g.I++
	return s
}
