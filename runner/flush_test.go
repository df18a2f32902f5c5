package runner

import (
	"sync"
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// waits is a Sink that knows how long something has waited for a flush at most.
type waits struct {
	*memory
	mu      sync.Mutex
	since   time.Time // of the oldest that waits; zero: none
	longest time.Duration
}

func (w *waits) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.since.IsZero() {
		w.since = time.Now()
	}
}

func (w *waits) Event(e *stats.Event) error {
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
	if !w.since.IsZero() {
		w.longest = max(w.longest, time.Since(w.since))
		w.since = time.Time{}
	}
	return w.memory.Flush()
}

// Commands that come without an end do not keep the journal from being written.
func TestCommandsDoNotPutTheJournalOff(t *testing.T) {
	var sink *waits
	drive(t, "stall:9", func(o *Options) {
		sink = &waits{memory: o.Sink.(*memory)}
		o.Sink = sink
	}, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("samples", func(v view.View) bool { return v.Self.Samples > 0 })
		for range 60 {
			cmd <- view.Command{Action: view.ActMark, Arg: "x"}
			time.Sleep(20 * time.Millisecond)
		}
		cmd <- view.Command{Action: view.ActQuit}
		cmd <- view.Command{Action: view.ActQuit}
	})
	if sink.longest > 700*time.Millisecond { // promised are 50 ms, on a machine that is not busy; it was 1.2 s
		t.Errorf("an event waited %v for the journal", sink.longest)
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
			}
			time.Sleep(650 * time.Millisecond)
			cmd <- view.Command{Action: view.ActQuit}
		})
		if sink.longest > 400*time.Millisecond { // promised are 50 ms, on a machine that is not busy
			t.Errorf("%s: an event waited %v for the journal", fault, sink.longest)
		}
	}
}
