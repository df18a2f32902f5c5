package report

import (
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// A forward pass has no tokens: its rate is of requests.
func TestForwardCountsRequests(t *testing.T) {
	for mode, want := range map[string]string{"forward": "requests/s", "prefill": "tokens/s"} {
		s := &stats.SummaryFile{Groups: []stats.GroupSummary{{Mode: mode, Lane: "eager", Scenario: "*", Segment: "*", N: 10, TokensPerS: 100}}}
		if head := lanesTable(s, func(*stats.GroupSummary) bool { return true }, "lane").head; !slices.Contains(head, want) {
			t.Errorf("%s: %q", mode, head)
		}
	}
}
