package snapshot

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/compare"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/stats"
)

// TestSessionsOnOnePage: each session with its verdict, the lanes side by side, and
// what changed from the first to each other; a session that is not there is an error.
func TestSessionsOnOnePage(t *testing.T) {
	dir := t.TempDir()
	var dirs []string
	for _, name := range []string{"one", "two", "<b>three"} {
		dirs = append(dirs, filepath.Join(dir, name))
		must.OK(t, os.CopyFS(dirs[len(dirs)-1], os.DirFS("testdata/golden/finished")))
	}
	out := filepath.Join(dir, "out")
	must.OK(t, ReportSeveral(dirs, out))
	md, page := read(t, out, "sessions.md"), read(t, out, "sessions.html")
	for _, want := range []string{"# tailscope: 3 sessions", "## From one to two", "## From one to &lt;b>three", "### Side by side"} {
		if !strings.Contains(md, want) {
			t.Errorf("sessions.md does not say %q", want)
		}
	}
	for _, lane := range []string{"eager", "optimized"} {
		if n := strings.Count(md, "| one | variable | "+lane+" |"); n != 1 {
			t.Errorf("%d rows of the first session's %s lane", n, lane)
		}
	}
	if strings.Contains(page, "<b>") || !strings.Contains(page, "&lt;b&gt;three") {
		t.Error("a folder's name is markup in the page")
	}
	if err := ReportSeveral([]string{dirs[0], filepath.Join(dir, "none")}, out); err == nil {
		t.Error("a session that is not there is no error")
	}
}

// TestSessionsThatCannotBeCompared: sessions of two modes, or one without a sample,
// stand on one page all the same, which says why nothing is compared.
func TestSessionsThatCannotBeCompared(t *testing.T) {
	w, other := create(t)
	made.Fill(t, w, 40, stats.KVDecode)
	must.OK(t, w.Finish(testEnd))
	w, none := create(t)
	must.OK(t, w.Finish(testEnd))
	out := t.TempDir()
	must.OK(t, ReportSeveral([]string{"testdata/golden/finished", other, none}, out))
	md := read(t, out, "sessions.md")
	for _, want := range []string{"Nothing is compared: ", "no mode and label in common", "holds no measurement"} {
		if !strings.Contains(strings.ReplaceAll(md, "\\_", "_"), want) {
			t.Errorf("sessions.md does not say %q", want)
		}
	}
}

// TestSessionsOfOneName: folders that share their last element are two sessions, on a
// page and in an analysis, where each has runs of its own.
func TestSessionsOfOneName(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "a", "s"), filepath.Join(dir, "b", "s")
	for _, d := range []string{one, two} {
		must.OK(t, os.CopyFS(d, os.DirFS("testdata/golden/finished")))
	}
	if got := named([]string{one, two, "testdata", "."}); !slices.Equal(got, []string{one, two, "testdata", "snapshot"}) {
		t.Error(got)
	}
	alone := must.Get(compare.Analyze([]string{one}, foreign.Options{}, labels.Options{}))(t)
	both := must.Get(compare.Analyze([]string{one, two}, foreign.Options{}, labels.Options{}))(t)
	for i := range both.Overall {
		if got, want := both.Overall[i], alone.Overall[i]; got.Runs != 2*want.Runs || got.FirstSamples != 2*want.FirstSamples || got.MeanExclFirstMs != want.MeanExclFirstMs {
			t.Errorf("%s: %d runs, %d first samples, mean without them %v; twice %d, %d, and %v wanted",
				got.Backend, got.Runs, got.FirstSamples, got.MeanExclFirstMs, want.Runs, want.FirstSamples, want.MeanExclFirstMs)
		}
	}
}
