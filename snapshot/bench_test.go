package snapshot

import (
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// TestExportOfAMillionSamplesDoesNotHoldUpTheWriter takes samples in from one
// goroutine while another exports a million: no sample is lost and none waits
// for long.
func TestExportOfAMillionSamplesDoesNotHoldUpTheWriter(t *testing.T) {
	n := 100_000
	if os.Getenv("TAILSCOPE_SLOW") != "" {
		n = 1_000_000
	}
	w, _ := create(t)
	ts := made.New(1)
	base := make([]*stats.Sample, 4096)
	for i := range base {
		base[i] = ts.Sample(uint64(i/2), stats.Lane(i%2), stats.Prefill)
	}
	seq := uint64(0)
	put := func() {
		s := *base[seq%uint64(len(base))]
		s.Seq, s.Request, s.StartNs = seq, seq/2, 5e9+int64(seq)*2e6
		if err := w.Sample(&s, nil, nil); err != nil {
			t.Error(err)
		}
		seq++
	}
	start := time.Now()
	for range n {
		put()
	}
	t.Logf("%d samples taken in at %.0f a second", n, float64(n)/time.Since(start).Seconds())
	waitRotated(t, w.Dir())
	var exported string
	worst := time.Hour
	for try := 0; try < 3 && worst > 50*time.Millisecond; try++ { // a busy machine adds to a wait, and not each time
		exported, worst = exportBeside(t, w, put)
	}
	if worst > 50*time.Millisecond {
		t.Errorf("in each of three exports a sample waited too long, %v in the last", worst)
	}
	m, err := folder.ReadManifest(exported)
	if err != nil || m.Counts.Samples < uint64(n) {
		t.Fatal(m, err)
	}
	must.OK(t, w.Finish(testEnd))
	if m, err = folder.ReadManifest(w.Dir()); err != nil || m.Counts.Samples != seq {
		t.Fatalf("%d samples in the folder, %d taken in, %v", m.Counts.Samples, seq, err)
	}
}

// exportBeside exports while put takes samples in, and returns the folder and
// the longest that put took.
func exportBeside(t *testing.T, w *folder.Writer, put func()) (dir string, worst time.Duration) {
	var done atomic.Bool
	var wg sync.WaitGroup
	var took time.Duration
	before := sys.CPUTime()
	wg.Go(func() {
		defer done.Store(true)
		start := time.Now()
		var err error
		if dir, err = w.Export(); err != nil {
			t.Error(err)
		}
		took = time.Since(start)
	})
	for !done.Load() {
		t0 := time.Now()
		put()
		worst = max(worst, time.Since(t0))
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
	t.Logf("export took %v and %v of CPU, the taking in beside it included; the slowest sample waited %v", took, sys.CPUTime()-before, worst)
	return dir, worst
}
