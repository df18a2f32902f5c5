package gpu

import (
	"context"
	"math"
	"time"

	"github.com/tailscope/tailscope/runner/guard"
)

// Reading is a value or the reason why there is none. Screen, session folder
// and adapters share it.
type Reading struct {
	Value float64
	Err   string // "" when Value is valid
}

// Of returns a valid reading.
func Of[T uint32 | uint64 | float64](v T) Reading { return Reading{Value: float64(v)} }

// No returns a missing reading.
func No(err error) Reading { return Reading{Err: err.Error()} }

// OK reports whether there is a value.
func (r Reading) OK() bool { return r.Err == "" }

// OrNaN is the value, NaN where it is missing.
func (r Reading) OrNaN() float64 {
	if !r.OK() {
		return math.NaN()
	}
	return r.Value
}

// State is one poll of one device. Journals keep it as JSON under the names of
// its fields.
type State struct {
	TNs    int64  // CLOCK_MONOTONIC, nanoseconds
	Why    string // why nothing can be read; "" when something can
	Index  int
	Count  int // devices the driver shows
	Name   string
	Driver string

	UtilPct, MemUtilPct                    Reading // percent of the driver's window
	MemUsedBytes, MemTotalBytes            Reading
	PowerMilliwatts, PowerLimitMilliwatts  Reading
	TempC                                  Reading
	SMClockMHz, SMClockMaxMHz, MemClockMHz Reading
	MemClockMaxMHz, MemBusBits             Reading  // the memory moves two bits a line and clock
	EnergyMillijoules                      Reading  // since the driver was loaded
	Throttle                               []string // reasons that slow the clock now; idle is none
	ThrottleErr                            string   // why Throttle is unknown, or ""

	CostNs   int64         // what this poll took
	Interval time.Duration `json:"-"` // time to the next poll; longer than asked for after costly polls; 0: unknown
}

// Source is a driver that can be asked about one device.
type Source interface {
	// Read fills the readings, Name, Driver, Index and Count of a state.
	// Readings it cannot get carry their error.
	Read() State
	// Close gives the driver back.
	Close()
}

// Options configures a sampler.
type Options struct {
	Index    int
	Interval time.Duration                   // between polls; 0: one second
	Open     func(index int) (Source, error) // opens the driver
	Now      func() int64                    // CLOCK_MONOTONIC in nanoseconds
}

// Limits of the back-off: a poll may cost one part in costShare of the time
// between two.
const (
	costShare   = 100
	maxInterval = 10 * time.Second
)

// Start polls in a goroutine of its own until ctx ends; then the channel
// closes. Where the driver cannot be opened it sends one state that says why.
// A state that nobody takes is replaced by the next.
func Start(ctx context.Context, o Options) <-chan State {
	out := make(chan State, 1)
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	guard.Go("telemetry", func() {
		defer close(out)
		src, err := o.Open(o.Index)
		if err != nil {
			out <- State{TNs: o.Now(), Why: err.Error(), Index: o.Index}
			<-ctx.Done()
			return
		}
		defer src.Close()
		poll(ctx, src, o, out)
	})
	return out
}

// poll reads, sends, and waits as long as the cost of reading asks for.
func poll(ctx context.Context, src Source, o Options, out chan State) {
	interval := o.Interval
	for {
		begin := time.Now()
		st := src.Read()
		cost := time.Since(begin)
		st.TNs, st.CostNs = o.Now(), int64(cost)
		interval = pace(o.Interval, interval, cost)
		st.Interval = interval
		select {
		case <-out:
		default:
		}
		out <- st
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
	}
}

// pace doubles the interval while a poll costs more than its share of it, and
// halves it again, down to what was asked for, once polls are cheap.
func pace(asked, now, cost time.Duration) time.Duration {
	switch {
	case cost*costShare > now && now < maxInterval:
		return min(2*now, max(maxInterval, asked))
	case cost*costShare*4 < now && now > asked:
		return max(now/2, asked)
	}
	return now
}
