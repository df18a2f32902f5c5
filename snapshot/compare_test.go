package snapshot

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/snapshot/compare"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/stats"
)

// TestFilteredQuantities: what a gate sees is what the table shows, the rows
// that a filter keeps, never the whole session's summary.
func TestFilteredQuantities(t *testing.T) {
	w, dir := create(t)
	want := made.Fill(t, w, 300, stats.Prefill)
	must.OK(t, w.Finish(testEnd))
	scenario := want[0].Scenario
	kept := 0.0
	for i := range want {
		if s := &want[i]; s.Scenario == scenario && s.Lane == stats.Optimized && s.Counts() {
			kept++
		}
	}
	for _, c := range []struct {
		filter   foreign.Filter
		n        float64 // 0: all
		counters bool
	}{
		{foreign.Filter{Column: "scenario", Value: scenario}, kept, false},
		{foreign.Filter{Column: "mode", Value: "prefill"}, 0, true},
	} {
		cmp := must.Get(compare.Results([]string{dir}, []string{dir}, nil, foreign.Options{Where: []foreign.Filter{c.filter}}))(t)
		if n, ok := cmp.Lookup("prefill", "optimized.n", false); !ok || c.n > 0 && n != c.n {
			t.Errorf("%v: n is %v, want %v", c.filter, n, c.n)
		}
		for _, d := range cmp.Changes {
			if d.Label == "pair" && !c.counters {
				t.Errorf("%v: the pairs of the whole session", c.filter)
			}
			if v, ok := cmp.Lookup(d.Mode, d.Label+"."+d.Quantity, false); !ok || math.Abs(v-d.B) > 1e-9 {
				t.Errorf("%v: a gate sees %s.%s = %v, the table shows %v", c.filter, d.Label, d.Quantity, v, d.B)
			}
		}
		if _, ok := cmp.Lookup("prefill", "optimized.recompiles", false); ok != c.counters {
			t.Errorf("%v: counters of the whole session: %v, want %v", c.filter, ok, c.counters)
		}
	}
}

// unfinished writes a session of n requests and leaves it running. It ends
// with the test.
func unfinished(t *testing.T, n int) string {
	t.Helper()
	w, dir := create(t)
	made.Fill(t, w, n, stats.Prefill)
	must.OK(t, w.Flush())
	t.Cleanup(func() {
		if err := w.Finish(testEnd); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestRunningSession: analyze and compare know of a session that still runs
// what they know of it once it is finished, and say that it runs.
func TestRunningSession(t *testing.T) {
	running := unfinished(t, 300)
	w, finished := create(t)
	made.Fill(t, w, 300, stats.Prefill)
	must.OK(t, w.Finish(testEnd))
	analysed := map[string]*labels.Report{}
	for _, dir := range []string{running, finished} {
		r := must.Get(compare.Analyze([]string{dir}, foreign.Options{}, labels.Options{}))(t)
		analysed[dir] = r
	}
	if got, want := analysed[running].Evidence(), analysed[finished].Evidence(); got != want || !strings.HasPrefix(got, "Compiler-real") {
		t.Errorf("running: %q, finished: %q", got, want)
	}
	if n := analysed[running].Notes; len(n) != 1 || n[0] != running+" still runs: this is what it has so far." {
		t.Errorf("notes %q", n)
	}
	if n := analysed[finished].Notes; len(n) != 0 {
		t.Errorf("notes of a finished session: %q", n)
	}
	for _, o := range []foreign.Options{{By: "cause"}, {Where: []foreign.Filter{{Column: "cause", Value: "compile"}}}} {
		if _, err := compare.Analyze([]string{running}, o, labels.Options{}); err == nil || !strings.Contains(err.Error(), "causes are given at the end") {
			t.Errorf("causes of a running session: %v", err)
		}
	}

	c := must.Get(compare.Results([]string{finished}, []string{running}, nil, foreign.Options{}))(t)
	if w := c.Blocked(); w != "" {
		t.Error(w)
	}
	if len(c.Differences) != 1 || c.Differences[0].What != "state" {
		t.Errorf("differences %+v", c.Differences)
	}
	if !slices.Contains(c.Notes, "B: "+running+" still runs: this is what it has so far.") {
		t.Errorf("notes %q", c.Notes)
	}
	names := c.Names("prefill")
	if len(names) < 50 {
		t.Errorf("only %d quantities", len(names))
	}
	for _, name := range names {
		x, _ := c.Lookup("prefill", name, true)
		y, ok := c.Lookup("prefill", name, false)
		if !ok || math.Abs(x-y) > 1e-12*math.Abs(x) && !(math.IsNaN(x) && math.IsNaN(y)) {
			t.Errorf("%s: %v when finished, %v (%v) while running", name, x, y, ok)
		}
	}
}

// TestChecksOfARunningSession: what is asked twice of a session that still runs is
// counted once.
func TestChecksOfARunningSession(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 40, stats.Prefill)
	must.OK(t, w.Counters(protocol.Counters{T: "counters", Checks: protocol.Checks{N: 10, Failed: 4, MaxRelL2: .5}}))
	must.OK(t, w.Flush())
	t.Cleanup(func() { must.OK(t, w.Finish(testEnd)) })
	c := must.Get(compare.Results([]string{dir}, []string{dir}, nil, foreign.Options{}))(t)
	if len(c.Divergence) != 2 || !strings.Contains(c.Divergence[0], "4 of 10 compared outputs differ") {
		t.Errorf("%q", c.Divergence)
	}
}

// TestDiedSession: a folder without a process is not called running.
func TestDiedSession(t *testing.T) {
	dir := unfinished(t, 20)
	dead := filepath.Join(t.TempDir(), "dead")
	must.OK(t, os.CopyFS(dead, os.DirFS(dir)))
	s := must.Get(Open(dead))(t)
	if got := s.Unfinished(); !strings.Contains(got, "died") || !strings.Contains(got, "tailscope recover "+dead) {
		t.Errorf("%q", got)
	}
}

// TestErrorsOfALostLane: a lane of which every request failed has its errors,
// so that a gate on them fails instead of finding no quantity.
func TestErrorsOfALostLane(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "metrics.csv")
	rows := "latency_ms,lane,mode,status\n"
	for i := range 40 {
		rows += fmt.Sprintf("%d,eager,prefill,ok\n%d,optimized,prefill,error\n", 5+i%3, 4+i%3)
	}
	must.OK(t, os.WriteFile(path, []byte(rows), 0o600))
	c := must.Get(compare.Results([]string{path}, []string{path}, nil, foreign.Options{}))(t)
	if n, ok := c.Lookup("prefill", "optimized.errors", false); !ok || n != 40 {
		t.Errorf("%v, %v", n, ok)
	}
	if n, ok := c.Lookup("prefill", "eager.errors", false); !ok || n != 0 {
		t.Errorf("eager: %v, %v", n, ok)
	}
}

// session writes a session folder with a configuration.
func sessionWith(t *testing.T, yaml string) string {
	t.Helper()
	_, dir, err := folder.NewRunID(t.TempDir(), time.Now())
	must.OK(t, err)
	w := must.Get(Create(dir, testManifest(dir), []byte(yaml)))(t)
	made.Fill(t, w, 60, stats.Prefill)
	must.OK(t, w.Finish(testEnd))
	return dir
}

// TestOtherWorkIsNoComparison: other prompts make a verdict meaningless, other
// settings are listed, and how long or where a session ran is neither.
func TestOtherWorkIsNoComparison(t *testing.T) {
	const chat = "scenarios:\n  - {name: s0, prompts: [{tokens: 8}, {tokens: 9, to: 20}]}\n"
	base := sessionWith(t, chat+"  - {name: s1, prompts: [{tokens: 64}]}\nout: here\nreps: 3\n")
	where := []foreign.Filter{{Column: "scenario", Value: "s0"}}
	for _, c := range []struct {
		yaml   string
		where  []foreign.Filter
		want   []compare.Difference
		blocks bool
	}{
		{chat + "  - {name: s1, prompts: [{tokens: 64}]}\nout: there\nreps: 9\nduration: 5s\n", nil, nil, false},
		{chat + "  - {name: s1, prompts: [{tokens: 64}]}\ncpus: 0-1\noptions: {x: y}\n", nil,
			[]compare.Difference{{What: "cpus", A: "none", B: "0-1", Blocks: false}, {What: "options", A: "none", B: `{"x":"y"}`, Blocks: false}}, false},
		{chat + "  - {name: s1, prompts: [{tokens: 65}]}\n", nil, []compare.Difference{{What: "scenarios", A: "s1 64", B: "s1 65", Blocks: true}}, true},
		{chat, nil, []compare.Difference{{What: "scenarios", A: "s1 64", B: "no other", Blocks: true}}, true},
		{chat, where, nil, false},
		{chat + "  - {name: s1, prompts: [{tokens: 64}]}\naa: true\n", nil, []compare.Difference{{What: "aa", A: "none", B: "true", Blocks: true}}, true},
	} {
		got := must.Get(compare.Results([]string{base}, []string{sessionWith(t, c.yaml)}, nil, foreign.Options{Where: c.where}))(t)
		notes := slices.DeleteFunc(got.Notes, func(n string) bool { return strings.HasPrefix(n, "1 and 1 sessions") })
		if !slices.Equal(got.Differences, c.want) || (got.Blocked() != "") != c.blocks || len(notes) > 0 {
			t.Errorf("%s: %+v, blocked %q, notes %q", c.yaml, got.Differences, got.Blocked(), got.Notes)
		}
	}
}
