//go:build ortbench

package ort

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// partsBench is one prompt through the engine and through loops that leave
// something out, over one session and one binding.
type partsBench struct {
	e *engine
	l *lane
	r *protocol.Request
	s *native.Session
	c *call

	garbage []byte
	sink    byte
}

// turn is a way to run the prompt; it returns the nanoseconds of its region.
type turn struct {
	name string
	run  func(*partsBench) int64
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// ready writes the inputs as the engine does and leaves the device idle.
func (p *partsBench) ready() {
	q, err := p.e.prompt(p.l, p.r)
	must(err)
	p.c, err = p.l.bindPrompt(p.s, lmShape{batch: 1, seq: 64}, q)
	must(err)
	must(p.s.Stream.Idle())
}

func (p *partsBench) plain() {
	must(p.s.C.Run(native.RunOptions{}, p.c.b, native.Value{}, native.Value{}, &native.Span{}))
}

// timed is the time of f after ready and the noise counters.
func (p *partsBench) timed(f func()) int64 {
	p.ready()
	before := p.l.probe.Start(p.s)
	start := native.Now()
	f()
	took := native.Now() - start
	p.l.probe.Stop(before)
	return took
}

func (p *partsBench) engine() int64 {
	p.e.request(p.r)
	if p.e.last.err != "" {
		panic(p.e.last.err)
	}
	return p.e.last.wallNs
}

func (p *partsBench) spin(d int64) {
	for until := native.Now() + d; native.Now() < until; {
	}
}

// touch makes the caches cold with n bytes.
func (p *partsBench) touch(n int) {
	for i := 0; i < n; i += 64 {
		p.garbage[i]++
		p.sink += p.garbage[i]
	}
}

var turns = []turn{
	{"engine", (*partsBench).engine},
	{"bare", func(p *partsBench) int64 { return p.timed(p.plain) }},
	{"bare again", func(p *partsBench) int64 { return p.timed(p.plain) }},
	{"bare, timed in C", func(p *partsBench) int64 {
		p.ready()
		var t native.Span
		must(p.s.C.Run(native.RunOptions{}, p.c.b, native.Value{}, native.Value{}, &t))
		return t.End - t.Start
	}},
	{"bare, no counters", func(p *partsBench) int64 {
		p.ready()
		start := native.Now()
		p.plain()
		return native.Now() - start
	}},
	{"bare, inputs as they are", func(p *partsBench) int64 {
		must(p.s.Stream.Idle())
		start := native.Now()
		p.plain()
		return native.Now() - start
	}},
	{"+ begin event", func(p *partsBench) int64 {
		return p.timed(func() { p.s.Stream.Begin(); p.plain() })
	}},
	{"+ end event", func(p *partsBench) int64 {
		return p.timed(func() { p.plain(); p.s.Stream.End() })
	}},
	{"+ both events", func(p *partsBench) int64 {
		return p.timed(func() { p.s.Stream.Begin(); p.plain(); p.s.Stream.End() })
	}},
	{"+ both, wait", func(p *partsBench) int64 {
		return p.timed(func() { p.s.Stream.Begin(); p.plain(); p.s.Stream.End(); must(p.s.Stream.Idle()) })
	}},
	{"+ events before the region", func(p *partsBench) int64 {
		p.ready()
		p.s.Stream.Begin()
		must(p.s.Stream.Idle())
		start := native.Now()
		p.plain()
		return native.Now() - start
	}},
	{"+ wait", func(p *partsBench) int64 {
		return p.timed(func() { p.plain(); must(p.s.Stream.Idle()) })
	}},
	{"+ read on its stream, wait", func(p *partsBench) int64 {
		return p.timed(func() {
			p.plain()
			must(p.s.Stream.Read(p.c.token, p.c.fence))
			must(p.s.Stream.Idle())
		})
	}},
	{"+ read on another stream", func(p *partsBench) int64 {
		return p.timed(func() {
			p.plain()
			if p.s.Stream != nil {
				must(native.CopyTensor(p.c.token.V, p.c.fence.V))
			}
		})
	}},
	{"all of execute", func(p *partsBench) int64 {
		p.ready()
		before := p.l.probe.Start(p.s)
		var t native.Span
		must(p.c.run(&t))
		p.l.probe.Stop(before)
		return t.End - t.Start
	}},
	{"execute, ORT does not wait", func(p *partsBench) int64 {
		return p.timed(func() {
			must(p.s.C.Run(p.s.Stream.NoWait(), p.c.b, native.Value{}, native.Value{}, &native.Span{}))
			must(p.s.Stream.Read(p.c.token, p.c.fence))
			must(p.s.Stream.Idle())
		})
	}},
	{"engine's prefill, no report", func(p *partsBench) int64 {
		o := &outcome{lane: p.l, sample: sample{lane: p.l.name, mode: "prefill", request: p.r.ID}}
		must(p.e.prefill(p.l, p.r, o))
		p.l.pending = nil
		return o.sample.wallNs
	}},
	{"bare after 100 µs of spinning", func(p *partsBench) int64 {
		return p.after(func() { p.spin(100e3) })
	}},
	{"bare after 100 µs of sleep", func(p *partsBench) int64 { return p.after(func() { time.Sleep(100 * time.Microsecond) }) }},
	{"bare after 256 KiB touched", func(p *partsBench) int64 { return p.after(func() { p.touch(256 << 10) }) }},
	{"bare after 4 MiB touched", func(p *partsBench) int64 { return p.after(func() { p.touch(4 << 20) }) }},
}

// after is a bare run when something else was done just before.
func (p *partsBench) after(f func()) int64 {
	p.ready()
	f()
	start := native.Now()
	p.plain()
	return native.Now() - start
}

// BenchmarkCUDARunWaits asks whether an uncaptured run returns when the device is
// done: on work of tens of milliseconds, which takes far less to launch, it
// reports how long the run takes and how long the stream is busy afterwards.
func BenchmarkCUDARunWaits(b *testing.B) {
	OnCUDA(b)
	e := newTestEngine(b, "gpt2", func(l *protocol.Load) { l.Provider, l.Capture = "cuda", "off" })
	p := &partsBench{e: e, l: e.lanes[stats.Optimized]}
	p.r = &protocol.Request{Mode: "prefill", Batch: 16, Tokens: 1024, Exec: [2]int{1024, 1024}, Order: []string{"optimized"},
		Strategy: protocol.Strategy{Prefill: "variable"}}
	for range 3 {
		p.engine()
	}
	p.s = e.group("prefill", "variable").oldest().s
	var run, busy []int64
	for i := 0; b.Loop(); i++ {
		p.r.ID, p.r.Seed = uint64(i), uint64(i)
		q, err := e.prompt(p.l, p.r)
		must(err)
		p.c, err = p.l.bindPrompt(p.s, lmShape{batch: 16, seq: 1024}, q)
		must(err)
		must(p.s.Stream.Idle())
		start := native.Now()
		p.plain()
		ran := native.Now()
		must(p.s.Stream.Idle())
		run, busy = append(run, ran-start), append(busy, native.Now()-ran)
	}
	b.ReportMetric(median(run)/1e3, "run-µs")
	b.ReportMetric(median(busy)/1e3, "busy-after-µs")
	b.ReportMetric(float64(slices.Max(busy))/1e3, "busy-most-µs")
}

// BenchmarkCUDAParts prints the p50 of a prompt by what its region holds and
// by what was done right before, in an order drawn anew each turn, and the
// engine's and the bare loop's by who ran before.
func BenchmarkCUDAParts(b *testing.B) {
	provider := cmp.Or(os.Getenv("PARTS_PROVIDER"), "cuda")
	if provider == "cuda" {
		OnCUDA(b)
	}
	for _, capture := range []string{"off", "on"} {
		b.Run("capture-"+capture, func(b *testing.B) { cudaParts(b, provider, capture) })
	}
}

func newPartsBench(b *testing.B, provider, capture string) *partsBench {
	p := &partsBench{garbage: make([]byte, 4<<20)}
	p.e = newTestEngine(b, "default", func(l *protocol.Load) { l.Provider, l.Capture = provider, capture })
	p.r = &protocol.Request{Mode: "prefill", Batch: 1, Tokens: 64, Exec: [2]int{64, 64}, Order: []string{"optimized"},
		Strategy: protocol.Strategy{Prefill: "variable"}}
	for range 20 {
		p.e.request(p.r)
	}
	p.l = p.e.lanes[stats.Optimized]
	p.s = p.e.group("prefill", "variable").oldest().s
	return p
}

func cudaParts(b *testing.B, provider, capture string) {
	p := newPartsBench(b, provider, capture)
	walls, by := make([][]int64, len(turns)), map[[2]int][]int64{}
	before := 0
	order := make([]int, len(turns))
	for i := range order {
		order[i] = i
	}
	for i := 0; b.Loop(); i++ {
		p.r.ID, p.r.Seed = uint64(i), uint64(i)
		rand.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
		for _, k := range order {
			ns := turns[k].run(p)
			walls[k] = append(walls[k], ns)
			if k < 2 {
				by[[2]int{k, before}] = append(by[[2]int{k, before}], ns)
			}
			before = k
		}
		p.e.out.flushIfDue()
		collectIfDue()
	}
	p.ready()
	p.plain() // gives back what a run that does not wait has kept
	must(p.s.Stream.Idle())
	p.table(walls, by)
}

func (p *partsBench) table(walls [][]int64, by map[[2]int][]int64) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "way\tp10 µs\tp50 µs\tover bare\tafter it: engine p50\tbare p50\n")
	bare := median(slices.Clone(walls[1]))
	for k, t := range turns {
		v := walls[k]
		m := median(v)
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.4f", t.name, float64(v[len(v)/10])/1e3, m/1e3, m/bare)
		for who := range 2 {
			if x := by[[2]int{who, k}]; len(x) > 0 {
				fmt.Fprintf(w, "\t%.1f (%d)", median(x)/1e3, len(x))
			}
		}
		fmt.Fprintln(w)
	}
	w.Flush()
}
