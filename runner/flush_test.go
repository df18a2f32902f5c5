package runner

import (
	"sync"
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// waits is a Sink that knows how much waits for a flush: the machine may be
// busy, so it counts, and no time is taken.
type waits struct {
	*memory
	mu         sync.Mutex
	came       int // events and samples
	left, most int // of them those that wait, now and at most
	loads      int
	late       int // those that waited when a model was loaded once more
}

func (w *waits) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.came++
	w.left++
	w.most = max(w.most, w.left)
}

// flushed waits until nothing waits, and counts anew.
func (w *waits) flushed(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		w.mu.Lock()
		came, left := w.came, w.left
		if left == 0 {
			w.most = 0
		}
		w.mu.Unlock()
		if came > 0 && left == 0 {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%d of %d wait for the journal", left, came)
			return
		}
	}
}

func (w *waits) Event(e *stats.Event) error {
	if e.Kind == stats.KindLoaded {
		w.mu.Lock()
		if w.loads++; w.loads > 1 {
			w.late += w.left
		}
		w.mu.Unlock()
	}
	w.wait()
	return w.memory.Event(e)
}

func (w *waits) Sample(s *stats.Sample, steps []int64, kv []int32) error {
	w.wait()
	return w.memory.Sample(s, steps, kv)
}

func (w *waits) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = 0
	return w.memory.Flush()
}

// Commands that come without an end do not keep the journal from being written.
func TestCommandsDoNotPutTheJournalOff(t *testing.T) {
	var sink *waits
	drive(t, "stall:9", func(o *Options) {
		sink = &waits{memory: o.Sink.(*memory)}
		o.Sink = sink
	}, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("all samples", func(v view.View) bool { return v.Self.Samples >= 16 })
		sink.flushed(t)
		for range 60 {
			cmd <- view.Command{Action: view.ActMark, Arg: "x"}
			time.Sleep(20 * time.Millisecond)
		}
		cmd <- view.Command{Action: view.ActQuit}
		cmd <- view.Command{Action: view.ActQuit}
	})
	if sink.most > 20 { // promised are 50 ms, or three commands; it was 60
		t.Errorf("%d events waited for the journal", sink.most)
	}
}

// Export takes its time: the journal has what came before.
func (w *waits) Export() (string, error) {
	time.Sleep(150 * time.Millisecond)
	return w.memory.Export()
}

// What a worker's death and the end of an export tell is in the journal as soon
// as anything else, however little comes.
func TestWhatComesToAQuietSessionIsFlushed(t *testing.T) {
	nothing, idle := nothingEvery, idleEvery
	nothingEvery, idleEvery = time.Minute, time.Minute
	t.Cleanup(func() { nothingEvery, idleEvery = nothing, idle })
	for fault, c := range map[string]struct {
		until   func(view.View) bool
		exports bool
	}{
		"dieflush": {func(v view.View) bool { return v.Phase == view.PhaseRestart }, false},
		"none":     {func(v view.View) bool { return v.Phase == view.PhasePaused && v.Self.CreditInUse == 0 }, true},
	} {
		var sink *waits
		drive(t, fault, func(o *Options) {
			sink = &waits{memory: o.Sink.(*memory)}
			o.Sink = sink
		}, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
			wait("samples", running)
			cmd <- view.Command{Action: view.ActPause}
			wait("a quiet session", c.until)
			if c.exports {
				cmd <- view.Command{Action: view.ActExport}
				wait("the export", func(v view.View) bool { return len(v.Exports) > 0 })
				sink.flushed(t)
			} else {
				wait("the next worker", func(v view.View) bool { return v.Phase == view.PhasePaused })
			}
			cmd <- view.Command{Action: view.ActQuit}
		})
		if sink.late > 0 || !c.exports && sink.loads < 2 {
			t.Errorf("%s: %d events waited for the journal until the model was loaded for the %d. time", fault, sink.late, sink.loads)
		}
	}
}
