package journal

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// create starts a journal.
func create(t testing.TB) (*Writer, string) {
	t.Helper()
	path := t.TempDir()
	dir, err := door.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if src, err := w.End(EndRecord{}); err == nil {
			if err := w.Close(); err != nil {
				t.Error(src, err)
			}
		}
	})
	return w, path
}

func TestJournalGivesBackWhatItTook(t *testing.T) {
	w, _ := create(t)
	want := made.Fill(t, w, 300, stats.KVDecode)
	src, err := w.SoFar()
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var got []stats.Sample
	damage, err := src.Records(func(r *Record) error {
		if r.Kind == KindSample {
			if len(r.Steps) != 4 || len(r.KV) != 4 || r.Steps[3] != r.Sample.WallNs/4+3 || r.KV[3] != r.Sample.Tokens+3 {
				return fmt.Errorf("steps %v %v", r.Steps, r.KV)
			}
			got = append(got, r.Sample)
		}
		return nil
	})
	if err != nil || damage != (Damage{}) {
		t.Fatal(err, damage)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}

// Two events alike, at the same time, are two: only samples have a number.
func TestEventsAlikeAreNoCopies(t *testing.T) {
	w, _ := create(t)
	for range 2 {
		if err := w.Event(&stats.Event{TNs: 5, Kind: "mark", Reason: "a server's own words"}); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	src, err := w.SoFar()
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	n := 0
	damage, err := src.Records(func(r *Record) error {
		if r.Kind == KindEvent {
			n++
		}
		return nil
	})
	if err != nil || damage != (Damage{}) || n != 2 {
		t.Errorf("%d events, %v, %v", n, damage, err)
	}
}

// TestFullDiskKeepsWhatWasFlushed lets writes to the journal fail with ENOSPC
// by means of /dev/full.
func TestFullDiskKeepsWhatWasFlushed(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		demand.Lacks(t, demand.Linux, "no /dev/full: "+err.Error())
	}
	w, _ := create(t)
	made.Fill(t, w, 100, stats.Prefill)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	good := w.f
	w.f = full
	ts := made.New(9)
	if err := w.Sample(ts.Sample(0, stats.Eager, stats.Prefill), nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); !errors.Is(err, ErrDiskFull) {
		t.Fatal("a full disk gave", err)
	}
	if err := w.Sample(ts.Sample(1, stats.Eager, stats.Prefill), nil, nil); !errors.Is(err, ErrDiskFull) {
		t.Fatal("the error does not stick:", err)
	}
	if n := len(w.Warnings()); n != 1 {
		t.Fatal(n, "events about the full disk")
	}
	w.f = good
	src, err := w.End(EndRecord{Reason: "the disk was full"})
	if err != nil {
		t.Fatal(err)
	}
	samples, ended := 0, false
	if _, err := src.Records(func(r *Record) error {
		if r.Kind == KindSample {
			samples++
		}
		ended = ended || r.Kind == KindEnd && r.End.Reason == "the disk was full"
		return nil
	}); err != nil || !ended || samples != 200 {
		t.Fatal("the journal does not know how the session ended", err, samples)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkSample is the cost of one sample into the journal, flushes included.
func BenchmarkSample(b *testing.B) {
	w, _ := create(b)
	ts := made.New(1)
	samples := make([]*stats.Sample, 4096)
	for i := range samples {
		samples[i] = ts.Sample(uint64(i/2), stats.Lane(i%2), stats.Prefill)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		s := samples[i%len(samples)]
		s.Seq = uint64(i)
		if err := w.Sample(s, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(w.written)/float64(b.N), "journal-bytes/sample")
}
