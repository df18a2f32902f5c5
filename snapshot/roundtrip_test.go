package snapshot

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// samplesOf reads all samples and kinds of other records of a session.
func samplesOf(t testing.TB, dir string) ([]stats.Sample, map[journal.Kind]int) {
	t.Helper()
	s, err := Open(dir)
	must.OK(t, err)
	var out []stats.Sample
	kinds := map[journal.Kind]int{}
	_, err = s.Records(func(r *journal.Record) error {
		kinds[r.Kind]++
		if r.Kind == journal.KindSample {
			s := r.Sample
			s.Cause = stats.CauseNone // the journal does not know it yet
			out = append(out, s)
			kinds['s'] += len(r.Steps)
			kinds['k'] += len(r.KV)
		}
		return nil
	})
	must.OK(t, err)
	return out, kinds
}

// TestFolderGivesTheSameNumbersAgain writes a folder, reads it, writes another
// from what was read, and compares every file with numbers.
func TestFolderGivesTheSameNumbersAgain(t *testing.T) {
	for _, mode := range []stats.Mode{stats.Prefill, stats.KVDecode} {
		t.Run(mode.String(), func(t *testing.T) {
			w, dir := create(t)
			want := made.Fill(t, w, 400, mode)
			must.OK(t, w.Flush())
			running, runningKinds := samplesOf(t, dir)
			exported := must.Get(w.Export())(t)
			must.OK(t, w.Finish(testEnd))
			finished, kinds := samplesOf(t, dir)
			copied, _ := samplesOf(t, exported)
			for name, got := range map[string][]stats.Sample{"journal": running, "finished": finished, "export": copied} {
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("%s: %s", name, d)
				}
			}
			delete(kinds, journal.KindEnd)
			if d := cmp.Diff(runningKinds, kinds); d != "" {
				t.Fatal(d)
			}
			s := must.Get(Open(dir))(t)
			again := rewrite(t, s)
			for _, f := range s.Manifest.Files {
				if filepath.Ext(f) == ".parquet" {
					continue // compared above, row by row
				}
				if d := cmp.Diff(read(t, dir, f), read(t, again, f)); d != "" {
					t.Errorf("%s: %s", f, d)
				}
			}
		})
	}
}

// rewrite records a session once more, from what is read of it.
func rewrite(t *testing.T, s *folder.Session) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), filepath.Base(s.Dir))
	must.OK(t, os.Mkdir(dir, 0o755))
	w := must.Get(Create(dir, *s.Manifest, must.Get(s.Config())(t)))(t)
	_, err := s.Records(func(r *journal.Record) error {
		switch r.Kind {
		case journal.KindSample:
			return w.Sample(&r.Sample, r.Steps, r.KV)
		case journal.KindEvent:
			return w.Event(&r.Event)
		case journal.KindTelemetry:
			return w.GPU(r.Telemetry)
		case journal.KindEvidence:
			return w.Evidence(r.Evidence)
		case journal.KindCounters:
			return w.Counters(r.Counters)
		case journal.KindLoaded:
			return w.Loaded(r.Loaded)
		}
		return nil
	})
	must.OK(t, err)
	must.OK(t, w.Finish(testEnd))
	return dir
}

func read(t testing.TB, dir, name string) string {
	t.Helper()
	b := must.Get(os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))))(t)
	return string(b)
}
