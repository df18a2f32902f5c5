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

func fine(err error) {
	if err != nil {
		panic(err)
	}
}

// ready writes the inputs as the engine does and leaves the device idle.
func (p *partsBench) ready() {
	q, err := p.e.prompt(p.l, p.r)
	fine(err)
	p.c, err = p.l.bindPrompt(p.s, lmShape{batch: 1, seq: 64}, q)
	fine(err)
	fine(p.s.Stream.Idle())
}

func (p *partsBench) plain() {
	fine(p.s.C.Run(native.RunOptions{}, p.c.b, native.Value{}, native.Value{}, &native.Span{}))
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

// reading is plain and the token read as a loop of one's own would.
func (p *partsBench) reading() {
	p.plain()
	if p.s.Stream != nil {
		fine(native.CopyTensor(p.c.token.V, p.c.fence.V))
	}
}

// touch makes the caches cold with n bytes.
func (p *partsBench) touch(n int) {
	for i := 0; i < n; i += 64 {
		p.garbage[i]++
		p.sink += p.garbage[i]
	}
}

// after is a reading run when something else was done just before.
func (p *partsBench) after(f func()) int64 {
	p.ready()
	f()
	start := native.Now()
	p.reading()
	return native.Now() - start
}

// pieces is what the engine's region is made of, with some left out.
// again: waiting on the run's own stream; paged: the token goes to memory that is not pinned.
type pieces struct{ begin, end, token, again, paged bool }

func (w pieces) run(p *partsBench) int64 {
	p.ready()
	before := p.l.probe.Start(p.s)
	after := p.s.Stream
	if !w.again {
		after = after.Aside()
	}
	if w.begin {
		p.s.Stream.Begin()
	}
	start := native.Now()
	p.plain()
	if w.end {
		after.End()
	}
	if w.token {
		to := p.c.token
		if w.paged {
			to = p.c.ids
		}
		fine(after.Read(to, p.c.fence))
	}
	fine(after.Idle())
	took := native.Now() - start
	p.l.probe.Stop(before)
	return took
}

// The engine, the loop that reads nothing and the one that reads its token come first.
var turns = []turn{
	{"engine", (*partsBench).engine},
	{"bare", func(p *partsBench) int64 { return p.timed(p.plain) }},
	{"reading", func(p *partsBench) int64 { return p.timed(p.reading) }},
	{"reading again", func(p *partsBench) int64 { return p.timed(p.reading) }},
	{"reading, no counters", func(p *partsBench) int64 { return p.after(func() {}) }},
	{"reading, inputs as they are", func(p *partsBench) int64 {
		fine(p.s.Stream.Idle())
		start := native.Now()
		p.reading()
		return native.Now() - start
	}},
	{"reading after 256 KiB touched", func(p *partsBench) int64 { return p.after(func() { p.touch(256 << 10) }) }},
	{"reading after 4 MiB touched", func(p *partsBench) int64 { return p.after(func() { p.touch(4 << 20) }) }},
	{"engine's prefill, no report", func(p *partsBench) int64 {
		o := &outcome{lane: p.l, sample: sample{lane: p.l.name, mode: "prefill", request: p.r.ID}}
		fine(p.e.prefill(p.l, p.r, o))
		p.l.pending = nil
		return o.sample.wallNs
	}},
	{"engine's execute", func(p *partsBench) int64 {
		p.ready()
		before := p.l.probe.Start(p.s)
		var t native.Span
		fine(p.c.run(&t))
		p.l.probe.Stop(before)
		return t.End - t.Start
	}},
	{"its pieces", pieces{begin: true, end: true, token: true}.run},
	{"no event before", pieces{end: true, token: true}.run},
	{"no event after", pieces{begin: true, token: true}.run},
	{"no events", pieces{token: true}.run},
	{"token to pageable memory", pieces{begin: true, end: true, token: true, paged: true}.run},
	{"no token", pieces{begin: true, end: true}.run},
	{"waiting on its own stream", pieces{begin: true, end: true, token: true, again: true}.run},
	{"waiting there, no events", pieces{token: true, again: true}.run},
	{"ONNX Runtime does not wait", func(p *partsBench) int64 {
		return p.timed(func() {
			fine(p.s.C.Run(p.s.Stream.NoWait(), p.c.b, native.Value{}, native.Value{}, &native.Span{}))
			fine(p.s.Stream.Read(p.c.token, p.c.fence))
			fine(p.s.Stream.Idle())
		})
	}},
}

// BenchmarkCUDAParts prints the time of a prompt by what its region holds and
// by what was done right before, in an order drawn anew each turn: p10, p50 and
// the ratio to the loops of the same turn, its median with a 95 % interval.
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
	walls := make([][]int64, len(turns))
	order := rand.Perm(len(turns))
	for i := 0; b.Loop(); i++ {
		p.r.ID, p.r.Seed = uint64(i), uint64(i)
		rand.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
		for _, k := range order {
			walls[k] = append(walls[k], turns[k].run(p))
		}
		p.e.out.flushIfDue()
		collectIfDue()
	}
	p.ready()
	p.plain() // gives back what a run that does not wait has kept
	fine(p.s.Stream.Idle())
	if b.N > 1 {
		table(walls)
	}
}

func table(walls [][]int64) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "way\tp10 µs\tp50 µs\tover bare\tover reading\n")
	for k, t := range turns {
		v := slices.Clone(walls[k])
		m := median(v)
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%s\t%s\n", t.name, float64(v[len(v)/10])/1e3, m/1e3, ratioOf(walls[k], walls[1]), ratioOf(walls[k], walls[2]))
	}
	w.Flush()
}
