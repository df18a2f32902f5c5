package runner

import (
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

func planned(t *testing.T, q *queue) *inflight {
	t.Helper()
	fl, ok := q.fromPlan(nil)
	if !ok {
		t.Fatal("the plan has ended")
	}
	return fl
}

// A rate that is changed on the way holds for what comes next, and for what was
// planned before it too.
func TestAChangedRateIsTheOneOfArrivals(t *testing.T) {
	cfg := sessionConfig()
	cfg.Rate, cfg.Arrivals, cfg.Reps, cfg.Warmup = 0, "constant", 0, 0
	q := newQueue(cfg, nil)
	must.OK(t, q.enter(stats.Prefill.String(), cfg.Modes, "", &protocol.Model{Vocab: 1000}))
	for _, rate := range []float64{0, 100, 50, 0, 25} {
		before := planned(t, &q) // under the rate before
		cfg.Rate, q.dueNs = rate, 0
		var last int64
		for i, fl := range []*inflight{before, planned(t, &q), planned(t, &q)} {
			q.arrive(fl)
			switch {
			case rate == 0 && fl.due != 0:
				t.Errorf("rate 0: due at %d", fl.due)
			case rate > 0 && i > 0 && fl.due-last != int64(1e9/rate):
				t.Errorf("rate %g: %d ns after the one before", rate, fl.due-last)
			}
			last = fl.due
		}
	}
}
