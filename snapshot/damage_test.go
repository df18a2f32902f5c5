package snapshot

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// died copies a running session's folder as its process leaves it by dying.
func died(t *testing.T, dir string) string {
	t.Helper()
	dead := filepath.Join(t.TempDir(), "dead")
	must.OK(t, os.CopyFS(dead, os.DirFS(dir)))
	return dead
}

func flip(t *testing.T, path string, at int) {
	t.Helper()
	b := must.Get(os.ReadFile(path))(t)
	b[at] ^= 1
	must.OK(t, os.WriteFile(path, b, 0o600))
}

// TestFlippedBitCostsItsPage: wherever a bit of a rotated segment is flipped,
// the folder is recovered without what the bit's page held, and says so; the
// other segments are whole.
func TestFlippedBitCostsItsPage(t *testing.T) {
	w, dir := createWith(t, folder.Options{SegmentRows: 400})
	want := made.FillModes(t, w, 1000)
	waitRotated(t, dir)
	part := filepath.Join("journal", "000003.parquet")
	whole := must.Get(os.ReadFile(filepath.Join(dir, part)))(t)
	worst := 0
	for i := range 24 {
		dead := died(t, dir)
		flip(t, filepath.Join(dead, part), 4+i*(len(whole)-8)/24)
		s := must.Get(Open(dead))(t)
		n := 0
		d, err := s.Records(func(r *journal.Record) error {
			if r.Kind == journal.KindSample {
				if r.Sample.WallNs != want[r.Sample.Seq].WallNs || r.Sample.Lane != want[r.Sample.Seq].Lane {
					t.Errorf("sample %d is another", r.Sample.Seq)
				}
				n++
			}
			return nil
		})
		if err != nil || n < len(want)-400 || n < len(want) && d == (journal.Damage{}) {
			t.Fatalf("byte %d: %d samples of %d, %+v, %v", i, n, len(want), d, err)
		}
		worst = max(worst, len(want)-n)
		if i%8 != 3 {
			continue
		}
		m := must.Get(Recover(dead, ""))(t)
		if got, _ := samplesOf(t, dead); len(got) != n || m.Lost.Samples != uint64(len(want)-n) {
			t.Errorf("byte %d: %d samples in the folder, %d read before; %s", i, len(got), n, m.Lost.Sentence)
		}
	}
	t.Logf("a flipped bit cost %d samples at most", worst)
	must.OK(t, w.Finish(testEnd))
}

// TestSegmentNumberFromAStranger: nobody walks to the number that a name
// claims.
func TestSegmentNumberFromAStranger(t *testing.T) {
	dead := filepath.Join(t.TempDir(), "s")
	must.OK(t, os.CopyFS(dead, os.DirFS(filepath.Join("testdata", "golden", "killed"))))
	must.OK(t, os.WriteFile(filepath.Join(dead, "journal", "9999999999.parquet"), nil, 0o600))
	began := time.Now()
	must.OK(t, Report(dead))
	if m, err := Recover(dead, ""); err != nil || m.Counts.Samples == 0 {
		t.Fatal(m, err)
	}
	if d := time.Since(began); d > 30*time.Second {
		t.Error("it took", d)
	}
}

// TestDamageWhileItRuns: a folder that lacks something is not called finished.
func TestDamageWhileItRuns(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 300, stats.Prefill)
	must.OK(t, w.Flush())
	flip(t, filepath.Join(dir, "journal", "000001.tsj"), 2000)
	if err := w.Finish(testEnd); err == nil || !strings.Contains(err.Error(), "is not whole") {
		t.Errorf("the session ended with %v", err)
	}
	m, err := folder.ReadManifest(dir)
	if err != nil || m.State != folder.StateDamaged || m.Lost == nil || m.Lost.Samples == 0 || m.Lost.Samples+m.Counts.Samples != 600 {
		t.Fatalf("%+v %v", m, err)
	}
	if md := read(t, dir, "report.md"); !strings.Contains(md, m.Lost.Sentence) {
		t.Error("the report says nothing of it")
	}
}

// TestWhatIsWrittenCanBeRead: a request with over a million steps and an event
// of 20 MB stay as far as readers take them, and what is cut is told.
func TestWhatIsWrittenCanBeRead(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 5, stats.KVDecode)
	s := made.New(1).Sample(7, stats.Eager, stats.KVDecode)
	s.Seq = 10
	long := strings.Repeat("x", 20<<20)
	must.OK(t, errors.Join(w.Sample(s, make([]int64, 1_200_000), nil),
		w.Event(&stats.Event{TNs: 1, Kind: stats.KindError, Reason: long}),
		w.Event(&stats.Event{TNs: 2, Kind: stats.KindMark, Reason: "m", Extra: map[string]any{"x": long}}),
		w.Evidence(protocol.Evidence{Lane: "optimized", Mode: "kv_decode", FallbackError: long})))
	if n := len(w.Warnings()); n != 2 { // the steps and the evidence
		t.Errorf("%d warnings", n)
	}
	must.OK(t, w.Finish(testEnd))
	got, kinds := samplesOf(t, dir)
	if len(got) != 11 || kinds['s'] != 10*4+1<<20 {
		t.Errorf("%d samples, %d steps", len(got), kinds['s'])
	}
	events := read(t, dir, "events.jsonl")
	if !strings.Contains(events, `"kind":"mark"`) || strings.Count(events, "shortened_bytes") != 2 || len(events) > 1<<20 {
		t.Errorf("events: %.300s", events)
	}
}

// TestRecoverElsewhere leaves the folder as it is.
func TestRecoverElsewhere(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 30, stats.Prefill)
	must.OK(t, w.Flush())
	dead, out := died(t, dir), filepath.Join(t.TempDir(), "a", "out")
	before := tree(t, dead)
	m, err := Recover(dead, out)
	if err != nil || m.Counts.Samples != 60 {
		t.Fatal(m, err)
	}
	if !bytes.Equal(before, tree(t, dead)) {
		t.Error("the folder changed")
	}
	if got, _ := samplesOf(t, out); len(got) != 60 {
		t.Error(len(got), "samples")
	}
	if _, err := Recover(dead, out); err == nil {
		t.Error("files were written over others")
	}
	must.OK(t, w.Finish(testEnd))
}

func tree(t *testing.T, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	must.OK(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			b.WriteString(path + "\n")
			return err
		}
		content, err := os.ReadFile(path)
		b.WriteString(path + " " + string(content) + "\n")
		return err
	}))
	return b.Bytes()
}

// TestFolderThatIsGone: a deleted folder ends the session and says that nothing
// is left; a moved one is finished where it is.
func TestFolderThatIsGone(t *testing.T) {
	for _, gone := range []bool{true, false} {
		w, dir := create(t)
		made.Fill(t, w, 30, stats.Prefill)
		must.OK(t, w.Flush())
		moved := filepath.Join(t.TempDir(), "moved")
		change := func() error { return os.Rename(dir, moved) }
		if gone {
			change = func() error { return os.RemoveAll(dir) }
		}
		must.OK(t, change())
		time.Sleep(1100 * time.Millisecond)
		err := w.Flush()
		if told := w.Warnings(); len(told) != 1 {
			t.Errorf("told %v", told)
		}
		end := w.Finish(testEnd)
		if gone {
			if !errors.Is(err, journal.ErrGone) || end == nil || !strings.Contains(end.Error(), "deleted") || strings.Contains(end.Error(), "recover") {
				t.Errorf("deleted: %v, %v", err, end)
			}
			continue
		}
		if err != nil || end != nil {
			t.Fatalf("moved: %v, %v", err, end)
		}
		if got, _ := samplesOf(t, moved); len(got) != 60 {
			t.Error(len(got), "samples")
		}
	}
}

// TestManySegments: a journal that claims a segment for each request is read
// in bounded time and memory, and all of it is in the files.
func TestManySegments(t *testing.T) {
	w, dir := create(t)
	ts := made.New(1)
	for r := range uint64(3000) {
		for lane := range stats.Lane(stats.NumLanes) {
			s := ts.Sample(r, lane, stats.Prefill)
			s.Segment = int32(r * 70)
			must.OK(t, w.Sample(s, nil, nil))
		}
	}
	must.OK(t, w.Flush())
	running := must.Get(must.Get(folder.Open(dir))(t).Collect())(t)
	must.OK(t, w.Finish(testEnd))
	for _, c := range []*folder.Collected{running, must.Get(must.Get(folder.Open(dir))(t).Collect())(t)} {
		if n := strings.Count(strings.Join(c.Manifest.Notes, " "), "Segments after number 1000"); n != 1 {
			t.Errorf("a report says it %d times: %q", n, c.Manifest.Notes)
		}
	}
	m, err := folder.ReadManifest(dir)
	if err != nil || !strings.Contains(strings.Join(m.Notes, " "), "Segments after number 1000") {
		t.Errorf("%v, notes %q", err, m.Notes)
	}
	if got, _ := samplesOf(t, dir); len(got) != 6000 || got[5999].Segment != 2999*70 {
		t.Error(len(got), "samples")
	}
}
