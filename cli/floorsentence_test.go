package cli

import (
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// A floor from a busy machine says that it hides what one looks for.
func TestFloorSentence(t *testing.T) {
	for _, c := range []struct {
		shares [stats.NumStatistics]float64
		wide   bool
	}{{[...]float64{stats.Median: .012, stats.Mean: .03, stats.P99: .08}, false}, {[...]float64{stats.Median: .012, stats.Mean: .03, stats.P99: .32}, true},
		{[...]float64{stats.Median: .055, stats.Mean: .03, stats.P99: .08}, true}} {
		s := floorSentence("prefill", stats.Noise{Sessions: 12, Shares: c.shares})
		if strings.Contains(s, "It is wide") != c.wide || !strings.Contains(s, "from 12 A/A sessions") {
			t.Errorf("%v: %s", c.shares, s)
		}
	}
}
