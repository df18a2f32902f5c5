package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/stats"
)

// TestRunInAPipeSaysHowFarItIs: a line every few seconds, whole lines without
// escapes, the first at once.
func TestRunInAPipeSaysHowFarItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := &progressLine{w: &out, began: time.Now()}
		for i := range 300 { // 30 s, ten views a second
			p.show(runner.Progress{Phase: "running", Done: float64(i) / 300, Mode: "prefill", Samples: [2]int{i, i}})
			time.Sleep(100 * time.Millisecond)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != int(30*time.Second/pipeEvery) {
			t.Errorf("%d lines in 30 s:\n%s", len(lines), out.String())
		}
		if !strings.HasPrefix(lines[0], "running 0s") || !strings.Contains(lines[5], "running 15s   50 %") || strings.Contains(out.String(), "\x1b") {
			t.Errorf("says\n%s", out.String())
		}
	})
}

// TestProgressIsClean: what an engine says of its end stands in the line of a
// run's progress, and no terminal obeys it.
func TestProgressIsClean(t *testing.T) {
	for _, tty := range []bool{true, false} {
		var out bytes.Buffer
		p := &progressLine{w: &out, tty: tty, began: time.Now()}
		p.show(runner.Progress{Phase: "restart", Status: "a\x1b]0;owned\a\u009b1m\u202eb\r\nc"})
		text := strings.TrimSuffix(strings.TrimPrefix(out.String(), "\r\x1b[K"), "\n")
		if plain.Line(text) != text || !strings.Contains(text, "owned") {
			t.Errorf("%q", text)
		}
	}
}

// TestTheEndTellsOfAASegments: where the table counts samples that the sentence
// leaves out, the end of a session says so.
func TestTheEndTellsOfAASegments(t *testing.T) {
	for said, aa := range map[bool][]bool{true: {false, true}, false: {true, true}} {
		s := stats.SummaryFile{Paradox: stats.Paradox{Sentence: "A sentence."}}
		for _, is := range aa {
			s.Segments = append(s.Segments, stats.SegmentSummary{AA: is})
		}
		dir := t.TempDir()
		must.OK(t, os.MkdirAll(filepath.Join(dir, "prefill", "analysis"), 0o755))
		must.OK(t, os.WriteFile(filepath.Join(dir, "prefill", "analysis", "summary.json"), must.Get(json.Marshal(s))(t), 0o600))
		var out bytes.Buffer
		if printEnd(&out, dir, ""); !strings.Contains(out.String(), "A sentence.") || strings.Contains(out.String(), "the table counts A/A segments too") != said {
			t.Errorf("A/A %v:\n%s", aa, out.String())
		}
	}
}

// TestJobSummaryIsTheReport: --summary github appends report.md without what is
// not there, and is refused where there is no such file.
func TestJobSummaryIsTheReport(t *testing.T) {
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	args := []string{"run", "--engine-cmd", "python3 ../docs/example_engine.py", "--config", "root_cause_prefill_only", "--reps", "1", "--warmup", "1", "--summary", "github", "--json", "--out"}
	if said, code := run(append(args, t.TempDir())...); code != 2 || !strings.Contains(said, "GITHUB_STEP_SUMMARY") {
		t.Errorf("without the variable: exit code %d, %s", code, said)
	}
	file := filepath.Join(t.TempDir(), "summary.md")
	must.OK(t, os.WriteFile(file, []byte("before\n"), 0o600))
	t.Setenv("GITHUB_STEP_SUMMARY", file)
	said, code := run(append(args, t.TempDir())...)
	var of struct{ Dir string }
	if err := json.Unmarshal([]byte(said), &of); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v\n%s", code, err, said)
	}
	got := must.Get(os.ReadFile(file))(t)
	page := must.Get(os.ReadFile(filepath.Join(of.Dir, "report.md")))(t)
	rest, ok := strings.CutPrefix(string(got), "before\n# tailscope session")
	if !ok || strings.Contains(rest, "![") || strings.Contains(rest, "Share of samples at or below") || !strings.Contains(string(page), "Share of samples at or below") {
		t.Errorf("the summary is\n%s", got)
	}
	for line := range strings.Lines(rest[strings.Index(rest, "\n"):]) {
		if !strings.Contains(string(page), line) {
			t.Errorf("not in the report: %s", line)
		}
	}
}
