package runner

import (
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
)

// An engine with the feature "observed" is not asked for requests: it reports
// the samples of a program or of traffic that somebody else drives, each under
// a request number of its own that never comes twice.

// observes reports whether the engine in hand is such a one.
func (s *Session) observes() bool { return s.eng.offers("observed") }

// observed makes the request that a sample nobody asked for belongs to.
func (s *Session) observed(b *protocol.Batch, id uint64) *inflight {
	return &inflight{id: id, segment: s.rec.seg, strategy: s.set.strategy, label: b.Strategy, order: []string{b.Lane}, left: 1,
		item: plan.Item{Mode: b.Mode, Scenario: b.Scenario, Batch: 1}}
}

// byeUnasked ends the session of an engine that has nothing more to observe:
// what it watched has ended.
func (s *Session) byeUnasked() {
	if !s.observes() || s.end != nil {
		return
	}
	s.finish("ended")
	if s.phase != view.PhaseFailed {
		s.phase = view.PhaseDone
	}
}
