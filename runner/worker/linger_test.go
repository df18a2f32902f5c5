package worker

import (
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/protocol"
)

// lines lets a worker write a line a sample, every step, for a while.
func lines(l *linger, credit, n int, step time.Duration) {
	now := time.Unix(0, 0)
	l.take(&protocol.Hello{Credit: credit}, now)
	for range n {
		now = now.Add(step)
		l.take(&protocol.Batch{StartNs: []int64{now.UnixNano()}}, now)
		l.pause()
	}
}

// An engine that writes many lines at once, but seldom, wakes nobody often.
func TestLingerIsNotForLinesThatComeTogether(t *testing.T) {
	var l linger
	now := time.Unix(0, 0)
	l.take(&protocol.Hello{Credit: 64}, now)
	for range 40 {
		now = now.Add(50 * time.Millisecond)
		for i := range 50 {
			l.take(&protocol.Batch{StartNs: []int64{now.UnixNano() + int64(i)*1e6}}, now)
		}
		if d := l.pause(); d != 0 {
			t.Fatalf("%v", d)
		}
	}
}

func TestLingerIsHalfOfWhatTheCreditLasts(t *testing.T) {
	for _, c := range []struct {
		credit int
		step   time.Duration
		want   time.Duration
	}{
		{1, time.Millisecond, 0},                             // the engine would wait
		{2, 2 * time.Millisecond, time.Millisecond},          // one request is in hand
		{9, time.Millisecond, 4 * time.Millisecond},          //
		{64, time.Millisecond, 10 * time.Millisecond},        // never longer
		{5, 100 * time.Microsecond, 0},                       // too short to be worth a sleep
		{64, 20 * time.Millisecond, 0},                       // 50 lines a second cost nothing
		{33, 50 * time.Microsecond, 0},                       // 0.8 ms
		{65, 50 * time.Microsecond, 1600 * time.Microsecond}, //
	} {
		var l linger
		if lines(&l, c.credit, 300+int(300*time.Millisecond/c.step), c.step); l.pause() != c.want {
			t.Errorf("credit %d, a line every %v: %v, want %v", c.credit, c.step, l.pause(), c.want)
		}
	}
}

func TestLingerKnowsNothingAfterAFlush(t *testing.T) {
	var l linger
	lines(&l, 64, 1000, time.Millisecond)
	if l.pause() == 0 {
		t.Fatal("no pause to lose")
	}
	if l.take(&protocol.Flushed{}, l.window); l.pause() != 0 {
		t.Errorf("%v", l.pause())
	}
}

// A compile among the last samples does not make the pause longer.
func TestLingerIgnoresTheSlowestSample(t *testing.T) {
	var l linger
	lines(&l, 9, 1000, time.Millisecond)
	want := l.pause()
	last := l.starts[(l.n-1)%lingerMemory]
	l.take(&protocol.Batch{StartNs: []int64{last + int64(time.Second)}}, l.window)
	if got := l.pause(); got != want {
		t.Errorf("%v after a gap of a second, want %v", got, want)
	}
}
