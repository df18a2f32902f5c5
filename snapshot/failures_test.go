package snapshot

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// failing writes a session in which the optimized lane fails wherever fails
// says so, and the eager lane never.
func failing(t *testing.T, fails func(s *stats.Sample) bool) string {
	t.Helper()
	w, dir := create(t)
	ts := made.New(2)
	for r := range uint64(40) {
		for lane := range stats.Lane(stats.NumLanes) {
			s := ts.Sample(r, lane, stats.Prefill)
			if s.Failed = lane == stats.Optimized && fails(s); s.Failed {
				must.OK(t, w.Event(&stats.Event{TNs: s.StartNs, Kind: stats.KindError, Lane: lane.String(), Mode: "prefill", Request: &r,
					Reason: fmt.Sprintf("out of\nmemory %d", min(r/30, 1))}))
			}
			must.OK(t, w.Sample(s, nil, nil))
		}
	}
	must.OK(t, w.Finish(testEnd))
	return dir
}

// TestFailed: a lane that answered nothing is named with the first
// reason; one that failed more often than is tolerable likewise; warm-ups are no
// requests.
func TestFailed(t *testing.T) {
	for name, c := range map[string]struct {
		fails func(s *stats.Sample) bool
		want  string
	}{
		"all":          {func(*stats.Sample) bool { return true }, "prefill: no optimized request succeeded, 40 failed, the first with: out of memory 0"},
		"all counted":  {func(s *stats.Sample) bool { return !s.Warmup }, ""},
		"all but one":  {func(s *stats.Sample) bool { return s.Request != 20 }, "prefill: 35 of 36 optimized requests failed, the first with: out of memory 0"},
		"warm-ups":     {func(s *stats.Sample) bool { return s.Warmup }, ""},
		"none of them": {func(*stats.Sample) bool { return false }, ""},
	} {
		got, err := folder.Failed(failing(t, c.fails))
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestReportSaysWhatFailed: the reasons, the most frequent first, each on a
// line.
func TestReportSaysWhatFailed(t *testing.T) {
	dir := failing(t, func(*stats.Sample) bool { return true })
	for _, when := range []string{"at the end", "anew"} {
		md := read(t, dir, "report.md")
		if want := "**Only the eager lane has samples: there is nothing to compare it with. 36 of 36 optimized requests failed: the times are of the others. Half of the eager lane's 36 requests took longer than "; !strings.Contains(md, want) {
			t.Errorf("%s: a lane that failed did run: %s", when, md)
		}
		if !strings.Contains(md, "| out of memory 0 | 30 |\n| out of memory 1 | 10 |\n") {
			t.Errorf("%s: %s", when, md)
		}
		must.OK(t, Report(dir))
	}
	if md := read(t, failing(t, func(*stats.Sample) bool { return false }), "report.md"); strings.Contains(md, "What failed") {
		t.Error("nothing failed")
	}
}
