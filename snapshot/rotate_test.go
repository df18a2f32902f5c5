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

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/stats"
)

// rotatingSession fills a session whose segments are full after rows samples
// and flushes after every fifth request. Its modes alternate.
func rotatingSession(t testing.TB, w *Writer, rows uint64, n int) []stats.Sample {
	t.Helper()
	w.fullRows = rows
	ts := newTestSession(3)
	var out []stats.Sample
	for r := range uint64(n) {
		mode := []stats.Mode{stats.Prefill, stats.KVDecode}[r/10%2]
		for lane := range stats.Lane(stats.NumLanes) {
			s := ts.sample(r, lane, mode)
			if s.CompileNs > 0 {
				if err := w.Event(&stats.Event{TNs: s.StartNs, Kind: stats.KindRecompile, Lane: lane.String(), Mode: mode.String(),
					Shape: s.Shape, Request: &r, DurNs: s.CompileNs, Reason: "new shape"}); err != nil {
					t.Fatal(err)
				}
			}
			var steps []int64
			if mode == stats.KVDecode {
				steps = []int64{s.WallNs / 2, s.WallNs / 3, int64(r)}
			}
			if err := w.Sample(s, steps, nil); err != nil {
				t.Fatal(err)
			}
			out = append(out, *s)
		}
		if r%5 == 4 {
			if err := errors.Join(w.GPU(gpu.State{TNs: ts.now, Why: "no driver"}), w.Flush()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// waitRotated waits until all full segments are Parquet.
func waitRotated(t testing.TB, w *Writer) (segments int) {
	t.Helper()
	w.mu.Lock()
	last := w.seg
	w.mu.Unlock()
	for deadline := time.Now().Add(30 * time.Second); last.n > 1; time.Sleep(time.Millisecond) {
		if (segment{last.dir, last.n - 1}).rotated() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no rotation")
		}
	}
	return last.n
}

// TestRotationChangesNothing compares a session whose journal was rotated many
// times with one that never was: every record in order, and every file.
func TestRotationChangesNothing(t *testing.T) {
	t.Run("all rows", func(t *testing.T) { compareRotated(t, 0) })
	t.Run("thinned", func(t *testing.T) { compareRotated(t, 90) })
}

func compareRotated(t *testing.T, textRows uint64) {
	plain, plainDir := create(t)
	w, dir := create(t)
	for _, x := range []*Writer{plain, w} {
		x.manifest.traceRows, x.manifest.Limits.CSVRows = textRows, textRows
	}
	want := rotatingSession(t, plain, 1<<40, 700)
	rotatingSession(t, w, 97, 700)
	if n := waitRotated(t, w); n < 10 {
		t.Fatal(n, "segments")
	}
	plainList, list := recordsOf(t, plainDir), recordsOf(t, dir)
	if d := cmp.Diff(plainList, list); d != "" {
		t.Fatal("records in the journal: ", d)
	}
	exported, err := w.Export()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []*Writer{plain, w} {
		if err := x.Finish(testEnd); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := samplesOf(t, dir)
	copied, _ := samplesOf(t, exported)
	if d := cmp.Diff(want, got) + cmp.Diff(want, copied); d != "" {
		t.Fatal(d)
	}
	if d := cmp.Diff(recordsOf(t, plainDir), recordsOf(t, dir)); d != "" {
		t.Fatal("records in the folder, causes included: ", d)
	}
	m, err := ReadManifest(plainDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Files {
		if filepath.Ext(f) != ".parquet" && cmp.Diff(read(t, plainDir, f), read(t, dir, f)) != "" {
			t.Errorf("%s differs", f)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, journalDir)); !errors.Is(err, os.ErrNotExist) {
		t.Error("the journal is still there:", err)
	}
}

// recordsOf prints every record of a session.
func recordsOf(t testing.TB, dir string) (out []string) {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := s.Records(func(r *Record) error {
		if r.Kind == KindSample {
			out = append(out, fmt.Sprintf("%+v %v %v", r.Sample, r.Steps, r.KV))
		} else {
			b, err := json.Marshal(r.value())
			if err != nil {
				return err
			}
			out = append(out, fmt.Sprintf("%c %s", r.Kind, b))
		}
		return nil
	}); err != nil || d != (Damage{}) {
		t.Fatal(d, err)
	}
	return out
}

// TestRecoverFinishesARotatedJournal leaves a journal as a crash does, in the
// middle of a rotation.
func TestRecoverFinishesARotatedJournal(t *testing.T) {
	w, dir := create(t)
	want := rotatingSession(t, w, 97, 300)
	n := waitRotated(t, w)
	w.rotation.stop()
	seg := segment{w.seg.dir, n}
	if err := os.WriteFile(filepath.Join(seg.dir, segment{seg.dir, n}.name("parquet.tmp")), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.f.Close(), w.locked.Close()); err != nil {
		t.Fatal(err)
	}
	m, err := Recover(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := samplesOf(t, dir)
	if d := cmp.Diff(want, got); d != "" || m.Lost == nil || m.Lost.Samples != 0 || !m.Lost.Known {
		t.Fatal(d, m.Lost)
	}
}

// TestReadersFollowARunningRotation opens and reads the journal again and
// again while it is rotated, and exports it: each sees a prefix, without a gap.
func TestReadersFollowARunningRotation(t *testing.T) {
	w, dir := create(t)
	done := make(chan []stats.Sample)
	go func() { done <- rotatingSession(t, w, 200, 3000) }()
	var prev uint64
	reads := 0
	prefix := func(dir string) uint64 {
		s, err := Open(dir)
		if err != nil {
			t.Error(err)
			return prev
		}
		n := uint64(0)
		d, err := s.Records(func(r *Record) error {
			if r.Kind == KindSample {
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
			waitRotated(t, w)
			if n := prefix(dir); n != uint64(len(all)) {
				t.Errorf("%d samples can be read of %d", n, len(all))
			}
			if err := w.Finish(testEnd); err != nil {
				t.Fatal(err)
			}
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
			exported, err := w.Export()
			if err != nil {
				t.Fatal(err)
			}
			if n := prefix(exported); n < prev {
				t.Errorf("the export has %d samples, the journal had %d before", n, prev)
			}
		}
	}
}
