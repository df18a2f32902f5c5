package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/snapshot/report"
	"github.com/tailscope/tailscope/stats"
)

// createWith starts a session with options.
func createWith(t testing.TB, o folder.Options) (*folder.Writer, string) {
	t.Helper()
	_, dir, err := folder.NewRunID(t.TempDir(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	must.OK(t, err)
	o.Pages = report.Write
	w := must.Get(folder.Create(dir, testManifest(dir), []byte("name: test\n"), o))(t)
	return w, dir
}

// waitRotated waits until all full segments are Parquet.
func waitRotated(t testing.TB, dir string) (segments int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		frames := must.Get(filepath.Glob(filepath.Join(dir, "journal", "*.tsj")))(t)
		parts := must.Get(filepath.Glob(filepath.Join(dir, "journal", "*.rest")))(t)
		if len(frames) == 1 {
			return len(parts) + 1
		}
		if time.Now().After(deadline) {
			t.Fatal("no rotation")
		}
	}
}

// TestRotationChangesNothing compares a session whose journal was rotated many
// times with one that never was: every record in order, and every file.
func TestRotationChangesNothing(t *testing.T) {
	t.Run("all rows", func(t *testing.T) { compareRotated(t, 0) })
	t.Run("thinned", func(t *testing.T) { compareRotated(t, 90) })
}

func compareRotated(t *testing.T, textRows uint64) {
	plain, plainDir := createWith(t, folder.Options{TextRows: textRows})
	w, dir := createWith(t, folder.Options{TextRows: textRows, SegmentRows: 97})
	want := made.FillModes(t, plain, 700)
	made.FillModes(t, w, 700)
	if n := waitRotated(t, dir); n < 10 {
		t.Fatal(n, "segments")
	}
	plainList, list := recordsOf(t, plainDir), recordsOf(t, dir)
	if d := cmp.Diff(plainList, list); d != "" {
		t.Fatal("records in the journal: ", d)
	}
	exported := must.Get(w.Export())(t)
	for _, x := range []*folder.Writer{plain, w} {
		must.OK(t, x.Finish(testEnd))
	}
	got, _ := samplesOf(t, dir)
	copied, _ := samplesOf(t, exported)
	if d := cmp.Diff(want, got) + cmp.Diff(want, copied); d != "" {
		t.Fatal(d)
	}
	if d := cmp.Diff(recordsOf(t, plainDir), recordsOf(t, dir)); d != "" {
		t.Fatal("records in the folder, causes included: ", d)
	}
	m := must.Get(folder.ReadManifest(plainDir))(t)
	for _, f := range m.Files {
		if filepath.Ext(f) != ".parquet" && cmp.Diff(read(t, plainDir, f), read(t, dir, f)) != "" {
			t.Errorf("%s differs", f)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "journal")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the journal is still there:", err)
	}
}

// recordsOf prints every record of a session.
func recordsOf(t testing.TB, dir string) (out []string) {
	t.Helper()
	s := must.Get(Open(dir))(t)
	if d, err := s.Records(func(r *journal.Record) error {
		if r.Kind == journal.KindSample {
			out = append(out, fmt.Sprintf("%+v %v %v", r.Sample, r.Steps, r.KV))
		} else {
			b, err := json.Marshal(r.Value())
			if err != nil {
				return err
			}
			out = append(out, fmt.Sprintf("%c %s", r.Kind, b))
		}
		return nil
	}); err != nil || d != (journal.Damage{}) {
		t.Fatal(d, err)
	}
	return out
}

// TestRecoverFinishesARotatedJournal leaves a journal as a crash does, in the
// middle of a rotation.
func TestRecoverFinishesARotatedJournal(t *testing.T) {
	w, live := createWith(t, folder.Options{SegmentRows: 97})
	want := made.FillModes(t, w, 300)
	waitRotated(t, live)
	dir := filepath.Join(t.TempDir(), "dead")
	must.OK(t, os.CopyFS(dir, os.DirFS(live)))
	must.OK(t, os.WriteFile(filepath.Join(dir, "journal", ".000099.parquet.AAAAAAAAAAAA.tmp"), []byte("half"), 0o600))
	m := must.Get(Recover(dir, ""))(t)
	got, _ := samplesOf(t, dir)
	if d := cmp.Diff(want, got); d != "" || m.Lost == nil || m.Lost.Samples != 0 || !m.Lost.Known {
		t.Fatal(d, m.Lost)
	}
}

// TestReadersFollowARunningRotation opens and reads the journal again and
// again while it is rotated, and exports it: each sees a prefix, without a gap.
func TestReadersFollowARunningRotation(t *testing.T) {
	w, dir := createWith(t, folder.Options{SegmentRows: 200})
	done := make(chan []stats.Sample)
	go func() { done <- made.FillModes(t, w, 3000) }()
	var prev uint64
	reads := 0
	prefix := func(dir string) uint64 {
		s, err := Open(dir)
		if err != nil {
			t.Error(err)
			return prev
		}
		n := uint64(0)
		d, err := s.Records(func(r *journal.Record) error {
			if r.Kind == journal.KindSample {
				if r.Sample.Seq != n {
					return fmt.Errorf("sample %d has seq %d", n, r.Sample.Seq)
				}
				n++
			}
			return nil
		})
		if err != nil || d.Frames > 0 {
			t.Error(err, d)
		}
		return n
	}
	for {
		select {
		case all := <-done:
			waitRotated(t, dir)
			if n := prefix(dir); n != uint64(len(all)) {
				t.Errorf("%d samples can be read of %d", n, len(all))
			}
			must.OK(t, w.Finish(testEnd))
			t.Logf("%d reads while it ran", reads)
			return
		default:
		}
		n := prefix(dir)
		if n < prev {
			t.Errorf("%d samples after %d", n, prev)
		}
		prev = n
		if reads++; reads == 3 {
			exported := must.Get(w.Export())(t)
			if n := prefix(exported); n < prev {
				t.Errorf("the export has %d samples, the journal had %d before", n, prev)
			}
		}
	}
}
