package gpu

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// fake is a Source whose readings take cost of (synthetic) time.
type fake struct {
	cost   func(n int) time.Duration
	n      int
	closed bool
}

func (f *fake) Read() State {
	time.Sleep(f.cost(f.n))
	f.n++
	return State{Name: "fake", Count: 1, UtilPct: Of(50.0)}
}
func (f *fake) Close() { f.closed = true }

func start(ctx context.Context, f *fake, interval time.Duration) <-chan State {
	begin := time.Now()
	return Start(ctx, Options{Interval: interval, Open: func(int) (Source, error) { return f, nil },
		Now: func() int64 { return int64(time.Since(begin)) }})
}

func TestPollsOnceAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &fake{cost: func(int) time.Duration { return 50 * time.Microsecond }}
		ch := start(ctx, f, time.Second)
		for range 5 {
			st := <-ch
			if st.CostNs != int64(50*time.Microsecond) || st.Interval != time.Second {
				t.Fatalf("%+v", st)
			}
		}
		cancel()
		synctest.Wait()
		if _, open := <-ch; open || !f.closed {
			t.Fatal("the sampler does not end with its context")
		}
	})
}

func TestCostlyReadingsSlowThePolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		f := &fake{cost: func(n int) time.Duration {
			if n < 5 {
				return 45 * time.Millisecond
			}
			return time.Millisecond
		}}
		ch := start(ctx, f, time.Second)
		var got []time.Duration
		for range 10 {
			got = append(got, (<-ch).Interval/time.Second)
		}
		if want := []time.Duration{2, 4, 8, 8, 8, 4, 2, 1, 1, 1}; !slices.Equal(got, want) {
			t.Fatalf("intervals %v, want %v", got, want)
		}
	})
}

func TestDriverThatIsNotThereSaysWhy(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ch := Start(ctx, Options{Open: func(int) (Source, error) { return nil, errors.New("no driver") }, Now: func() int64 { return 1 }})
	if st := <-ch; st.Why != "no driver" {
		t.Fatalf("%+v", st)
	}
	cancel()
	if _, open := <-ch; open {
		t.Fatal("the channel stays open")
	}
}

func TestWatcherFindsTransitions(t *testing.T) {
	busy := func(mhz float64, reasons ...string) State {
		return State{UtilPct: Of(90.0), SMClockMHz: Of(mhz), Throttle: reasons}
	}
	idle := State{UtilPct: Of(0.0), SMClockMHz: Of(300.0)}
	missing := State{UtilPct: No(errors.New("x")), SMClockMHz: No(errors.New("x")), ThrottleErr: "x"}
	var w Watcher
	steps := []struct {
		st   State
		want []ChangeKind
	}{
		{busy(1980), nil}, {idle, nil}, {busy(1900), nil}, {missing, nil},
		{busy(1200, "power"), []ChangeKind{ThrottleStart, ClockDropStart}},
		{busy(1250, "power"), nil},
		{State{Why: "gone"}, nil},
		{busy(1970), []ChangeKind{ThrottleEnd, ClockDropEnd}},
	}
	for i, s := range steps {
		var got []ChangeKind
		for _, c := range w.See(s.st) {
			got = append(got, c.Kind)
		}
		if !slices.Equal(got, s.want) {
			t.Fatalf("step %d: %v, want %v", i, got, s.want)
		}
	}
}
