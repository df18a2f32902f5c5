package snapshot

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-cmp/cmp"

	"github.com/tailscope/tailscope/stats"
)

// TestReportIsTheSameFromTheFolder deletes the report of a finished session
// and computes it anew from what is on disk.
func TestReportIsTheSameFromTheFolder(t *testing.T) {
	w, dir := create(t)
	fill(t, w, 300, stats.KVDecode)
	if err := w.Finish(testEnd); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.md", "report.html"} {
		want := read(t, dir, name)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := Report(dir); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, read(t, dir, name)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestReportPage compares the part of the report that does not depend on the
// machine with a golden page, and looks for anything the HTML would load.
func TestReportPage(t *testing.T) {
	w, dir := create(t)
	fill(t, w, 600, stats.Prefill)
	if err := w.Finish(testEnd); err != nil {
		t.Fatal(err)
	}
	md := read(t, dir, "report.md")
	i := strings.Index(md, "## Where it ran")
	if i < 0 {
		t.Fatal(md)
	}
	var page1 []string
	for _, l := range strings.SplitAfter(md[:i], "\n") {
		if !strings.HasPrefix(l, "**") { // the verdict's wording belongs to package stats
			page1 = append(page1, l)
		}
	}
	golden.RequireEqual(t, strings.Join(page1, ""))
	page := read(t, dir, "report.html")
	for _, s := range []string{"<script", "http://", "https://", "<link", "@import", "NaN"} {
		if k := strings.Index(page, s); k >= 0 {
			t.Errorf("the page holds %q: %s", s, page[k:min(k+80, len(page))])
		}
	}
	if strings.Count(page, "data:image/svg+xml;base64,") != 4 {
		t.Error("want four pictures in the page")
	}
}

// TestReportSaysHowSureItIs: a share with its interval, computed by
// scipy.stats.binomtest(79, 1244).proportion_ci(method="exact"), and a p99
// without a cause in parentheses where too few samples are left.
func TestReportSaysHowSureItIs(t *testing.T) {
	s := &stats.SummaryFile{Groups: []stats.GroupSummary{
		{Lane: "eager", Scenario: "*", Segment: "*", N: 1244, SLOMissed: 79. / 1244},
		{Lane: "eager", Scenario: "chat", Segment: "*", N: 44, SLOMissed: 0},
		{Lane: "optimized", Scenario: "*", Segment: "*", N: 460, SLOMissed: stats.Num(math.NaN())}},
		Causes: []stats.CauseSummary{{Lane: "eager", Cause: "host", N: 5, P99MsWithout: 12}, {Lane: "optimized", Cause: "compile", N: 5, P99MsWithout: 12}}}
	got := sloSentences(&Manifest{Settings: Settings{SLONs: 20e6}}, s)
	if len(got) != 1 || !strings.Contains(got[0], "The eager lane missed the service level of 20ms in 6.35 % of 1244 requests (95 %: 5.06 to 7.85)") {
		t.Errorf("%q", got)
	}
	rows := causesTable(s).rows
	if rows[0][3] != "12.00" || rows[1][3] != "(12.00)" {
		t.Errorf("%q", rows)
	}
}

// TestForeignResultOpensAsSession is what replay shows of an imported result.
func TestForeignResultOpensAsSession(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.csv")
	text := "backend,latency_ms,status\ngpu-compile,1.5,ok\ngpu,2.5,ok\ngpu,9,error\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, _ := samplesOf(t, path)
	if len(got) != 3 || got[0].Lane != stats.Optimized || got[1].Lane != stats.Eager || got[1].StartNs != 1_500_000 ||
		!got[2].Failed || got[0].Request == got[1].Request {
		t.Fatalf("%+v", got)
	}
}

// The first counted sample of an imported run is its number 0, also after
// warm-ups and failures.
func TestForeignRunsAreNumberedByWhatCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.csv")
	text := "backend,latency_ms,status,is_warmup\ngpu,9,error,false\ngpu,8,ok,true\ngpu,2,ok,false\ngpu,7,error,false\ngpu,3,ok,false\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, _ := samplesOf(t, path)
	for i, want := range []int32{0, 0, 0, 1, 1} {
		if got[i].NthInRun != want {
			t.Errorf("row %d is number %d of its run, want %d", i, got[i].NthInRun, want)
		}
	}
}

// TestReportSaysThatASessionRuns: its page looks like any other's else.
func TestReportSaysThatASessionRuns(t *testing.T) {
	w, dir := create(t)
	fill(t, w, 60, stats.Prefill)
	if err := errors.Join(w.Flush(), Report(dir)); err != nil {
		t.Fatal(err)
	}
	const runs = "still runs: this is what it has so far."
	if md := read(t, dir, "report.md"); !strings.Contains(md, runs) {
		t.Errorf("a running session: %s", md)
	}
	if err := w.Finish(testEnd); err != nil {
		t.Fatal(err)
	}
	if md := read(t, dir, "report.md"); strings.Contains(md, runs) {
		t.Errorf("a finished session: %s", md)
	}
}

// TestReportIsNoFinerThanItsSamples: a crossover has the digits that its pairs
// tell, and the columns that not every session has are in parentheses where
// too few samples support them.
func TestReportIsNoFinerThanItsSamples(t *testing.T) {
	for _, c := range []struct {
		q    float64
		n    int
		want string
	}{
		{0.000271, 5, ""}, {math.NaN(), 500, ""}, {0, 500, "It loses at every quantile."}, {1, 500, "It wins up to the maximum."},
		{0.000271, 500, "It loses at nearly every quantile."}, {0.9977, 500, "It wins at nearly every quantile, but not up to the maximum."},
		{0.9577, 500, "It wins up to the quantile 0.96 and loses beyond."}, {0.9577, 1000, "It wins up to the quantile 0.958 and loses beyond."},
		{0.9977, 1000, "It wins up to the quantile 0.998 and loses beyond."},
	} {
		if got := crossover(c.q, c.n); got != c.want {
			t.Errorf("%v of %d pairs: %q, want %q", c.q, c.n, got, c.want)
		}
	}
	s := &stats.SummaryFile{Groups: []stats.GroupSummary{{Lane: "eager", Scenario: "*", Segment: "*", N: 60, TTFTP99Ms: 12, ITLP99Ms: 3, ITLN: 480,
		ResponseP50Ms: 5, ResponseP99Ms: 70, DeviceP50Ms: stats.Num(math.NaN()), Errors: 2}}}
	got := lanesTable(s, func(*stats.GroupSummary) bool { return true }, "lane")
	cells := map[string]string{}
	for i, h := range got.head {
		cells[h] = got.rows[0][i]
	}
	for h, want := range map[string]string{"response p50": "5.000", "response p99": "(70.00)", "TTFT p99": "(12.00)", "ITL p99": "3.000", "failed": "2"} {
		if cells[h] != want {
			t.Errorf("%s: %q, want %q", h, cells[h], want)
		}
	}
	if _, ok := cells["device p50"]; ok {
		t.Error("a column without a value")
	}
}
