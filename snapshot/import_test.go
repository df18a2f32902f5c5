package snapshot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// openSamplesOf reads every sample of a path.
func openSamplesOf(t *testing.T, path string) (*folder.Session, []stats.Sample) {
	t.Helper()
	s := must.Get(Open(path))(t)
	var out []stats.Sample
	must.Get(s.Records(func(r *journal.Record) error {
		if r.Kind == journal.KindSample {
			out = append(out, r.Sample)
		}
		return nil
	}))(t)
	return s, out
}

// TestOwnTable: a metrics.csv of tailscope gives back every sample as it was,
// but for the flags, of which it has those that lead to a cause.
func TestOwnTable(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 300, stats.Prefill)
	must.OK(t, w.Finish(testEnd))
	folder, want := openSamplesOf(t, dir)
	csv := filepath.Join(dir, "prefill", "metrics.csv")
	s, got := openSamplesOf(t, csv)
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got), len(want))
	}
	caused := 0
	for i := range want {
		want[i].StartNs -= folder.Manifest.StartNs
		if want[i].Cause != stats.CauseNone {
			caused++
		}
		if g, w := got[i].Flags&stats.FlagRecompile != 0, want[i].CompileNs > 0 && i > 1; g != w {
			t.Errorf("row %d: recompile %v, want %v", i, g, w)
		}
		got[i].Flags, want[i].Flags = 0, 0
		if d := cmp.Diff(want[i], got[i]); d != "" {
			t.Fatalf("row %d: %s", i, d)
		}
	}
	if caused == 0 {
		t.Error("no sample has a cause")
	}
	if n := strings.Join(s.Manifest.Notes, " "); !strings.Contains(n, filepath.Base(dir)) || !strings.Contains(n, "causes are its own") {
		t.Errorf("notes %q", n)
	}

	lines := must.Get(os.ReadFile(csv))(t)
	for name, c := range map[string]struct{ old, new, says string }{
		"cause": {",compile,", ",boredom,", `cause: "boredom" is no cause`},
		"lane":  {",eager,ort", ",lazy,ort", `lane: unknown lane "lazy"`},
		"t_ms":  {",0,0,0,0,0,", ",0,0,0,0,0,x", "t_ms: "},
	} {
		bad := filepath.Join(t.TempDir(), "metrics.csv")
		if !strings.Contains(string(lines), c.old) {
			t.Fatalf("%s: no %q in the table", name, c.old)
		}
		must.OK(t, os.WriteFile(bad, []byte(strings.Replace(string(lines), c.old, c.new, 1)), 0o600))
		if _, err := Open(bad); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "line ") && !strings.Contains(err.Error(), ":") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestManyLabels: a session shows two, and what was not counted is no count.
func TestManyLabels(t *testing.T) {
	for n, want := range map[int]string{3: "holds 3 labels", 1500: "holds more than 1000 labels"} {
		var b strings.Builder
		b.WriteString("label,latency_ms\n")
		for i := range n {
			fmt.Fprintf(&b, "l%d,1\n", i)
		}
		path := filepath.Join(t.TempDir(), "r.csv")
		must.OK(t, os.WriteFile(path, []byte(b.String()), 0o600))
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d labels: %v", n, err)
		}
	}
}

// TestModelsOfAResult: a session is named after a model only if all rows are of it.
func TestModelsOfAResult(t *testing.T) {
	for rows, want := range map[string]string{"m1,1\nm1,2\n": "m1", "m1,1\nm2,2\n": "several models", "m1,1\n,2\n": "several models", ",1\nm1,2\n": "several models", ",1\n,2\n": ""} {
		path := filepath.Join(t.TempDir(), "r.csv")
		must.OK(t, os.WriteFile(path, []byte("model,latency_ms\n"+rows), 0o600))
		if got := must.Get(Open(path))(t).Manifest.Model.Name; got != want {
			t.Errorf("%q: model %q, want %q", rows, got, want)
		}
	}
}

// TestOwnTables: of several tables each follows the one before, and no pair
// has its lanes in two of them.
func TestOwnTables(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 40, stats.Prefill)
	must.OK(t, w.Finish(testEnd))
	b := must.Get(os.ReadFile(filepath.Join(dir, "prefill", "metrics.csv")))(t)
	tree := t.TempDir()
	for _, name := range []string{"a", "b"} {
		must.OK(t, os.Mkdir(filepath.Join(tree, name), 0o700))
		must.OK(t, os.WriteFile(filepath.Join(tree, name, "metrics.csv"), b, 0o600))
	}
	_, got := openSamplesOf(t, tree)
	if len(got) != 160 {
		t.Fatalf("%d samples", len(got))
	}
	lanes := map[uint64]int{}
	for i := range got {
		lanes[got[i].Request]++
		if i > 0 && got[i].StartNs < got[i-1].StartNs+got[i-1].WallNs {
			t.Fatalf("row %d begins before row %d ends", i, i-1)
		}
	}
	for r, n := range lanes {
		if n != 2 {
			t.Errorf("request %d has %d samples", r, n)
		}
	}
}
