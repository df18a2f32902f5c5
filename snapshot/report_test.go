package snapshot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-cmp/cmp"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// TestReportIsTheSameFromTheFolder deletes the report of a finished session
// and computes it anew from what is on disk.
func TestReportIsTheSameFromTheFolder(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 300, stats.KVDecode)
	must.OK(t, w.Finish(testEnd))
	for _, name := range []string{"report.md", "report.html"} {
		want := read(t, dir, name)
		must.OK(t, os.Remove(filepath.Join(dir, name)))
		must.OK(t, Report(dir))
		if d := cmp.Diff(want, read(t, dir, name)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestReportPage compares the part of the report that does not depend on the
// machine with a golden page, and looks for anything the HTML would load.
func TestReportPage(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 600, stats.Prefill)
	must.OK(t, w.Finish(testEnd))
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
	for _, s := range []string{"<script src", "https://", "<link", "@import", "fetch(", "XMLHttp"} {
		if k := strings.Index(page, s); k >= 0 {
			t.Errorf("the page holds %q: %s", s, page[k:min(k+80, len(page))])
		}
	}
	if strings.Count(page, "data:image/svg+xml;base64,") != 6 {
		t.Error("want six pictures in the page")
	}
}

// TestForeignResultOpensAsSession is what replay shows of an imported result.
func TestForeignResultOpensAsSession(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.csv")
	text := "backend,latency_ms,status\ngpu-compile,1.5,ok\ngpu,2.5,ok\ngpu,9,error\n"
	must.OK(t, os.WriteFile(path, []byte(text), 0o600))
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
	must.OK(t, os.WriteFile(path, []byte(text), 0o600))
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
	made.Fill(t, w, 60, stats.Prefill)
	must.OK(t, errors.Join(w.Flush(), Report(dir)))
	const runs = "still runs: this is what it has so far."
	if md := read(t, dir, "report.md"); !strings.Contains(md, runs) {
		t.Errorf("a running session: %s", md)
	}
	must.OK(t, w.Finish(testEnd))
	if md := read(t, dir, "report.md"); strings.Contains(md, runs) {
		t.Errorf("a finished session: %s", md)
	}
}
