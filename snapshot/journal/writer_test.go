package journal

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// create starts a journal.
func create(t testing.TB) (*Writer, string) {
	t.Helper()
	path := t.TempDir()
	dir := must.Get(door.Open(path))(t)
	w := must.Get(Create(dir, Options{}))(t)
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
	src := must.Get(w.SoFar())(t)
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
		must.OK(t, w.Event(&stats.Event{TNs: 5, Kind: "mark", Reason: "a server's own words"}))
		must.OK(t, w.Flush())
	}
	src := must.Get(w.SoFar())(t)
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
	must.OK(t, w.Flush())
	good := w.f
	w.f = full
	ts := made.New(9)
	must.OK(t, w.Sample(ts.Sample(0, stats.Eager, stats.Prefill), nil, nil))
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
	src := must.Get(w.End(EndRecord{Reason: "the disk was full"}))(t)
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
	must.OK(t, w.Close())
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
