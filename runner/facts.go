package runner

import (
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/live"
)

// feedStats tells the statistics what samples do not tell: evidence, counters
// and settings, the ground of verdict and advice.
func (s *Session) feedStats() {
	if s.loaded == nil {
		return
	}
	lane := s.laneView(stats.Optimized)
	s.coll.SetFacts(stats.Facts{CompilerReal: lane.CompilerReal, Why: lane.Why,
		Strategy: s.strategy.Label(s.mode()), Checks: lane.Checks, Diverged: lane.Diverged, MaxRelL2: lane.MaxRelL2})
}

// takeCounters keeps the state of the compile cache for gauge and journal.
func (s *Session) takeCounters(m *protocol.Counters) {
	s.counters = *m
	s.sinkErr(s.o.Sink.Counters(*m))
	for _, g := range m.Groups {
		s.coll.SetGauge(live.GaugeInput{Mode: g.Mode, Strategy: g.Strategy, Used: g.UniqueGraphs, Limit: g.RecompileLimit,
			Reached: g.LimitReached, Compiles: g.Compiles + g.Recompiles, CompileNs: g.CompileNs, WorkerStarts: int(s.gen)})
	}
}
