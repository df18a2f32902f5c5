package runner

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// The engine of these tests is this test binary again: it speaks the protocol
// and misbehaves as TAILSCOPE_TEST_ENGINE says. It times real work (a loop
// over the shape), so that samples are samples.

func TestMain(m *testing.M) {
	if fault := os.Getenv("TAILSCOPE_TEST_ENGINE"); fault != "" {
		os.Exit(faultyEngine(fault))
	}
	os.Exit(m.Run())
}

var spin uint64

// work takes time that grows with n.
func work(n int) {
	x := uint64(n)
	for range n * 200 {
		x = x*6364136223846793005 + 1442695040888963407
	}
	spin = x
}

// faultyEngine serves requests one by one. fault is one of: none, version,
// clock, stranger (a sample nobody asked for), garbage, die:N (exit at the
// N-th request of each life), poison:TOKENS (exit at that length), fails (every request), fails:N (the first N), hang
// (ignore stop), dieflush (slow to say hello, exits when it is to flush), leaves:N (answers none from the N-th on, and stop with its last words), fatal (refuse to load), silent (exit before hello), alone (offers two lanes at once and takes it back),
// both (offers two lanes at once), onelane (has the optimized one alone), nolane (has none that is known).
func faultyEngine(fault string) int {
	in, out := protocol.NewReader(os.Stdin), protocol.NewWriter(os.Stdout)
	if fault == "observed" {
		return observedEngine(in, out)
	}
	hello := &protocol.Hello{Protocol: protocol.Version, Engine: "test", Version: "1", PID: os.Getpid(), ClockNs: clock.Monotonic(),
		Credit: 8, Modes: []string{"prefill", "kv_decode", "e2e_kv"}, Pairings: []string{"interleaved", "sequential"},
		Strategies: map[string][]string{"prefill": plan.PrefillWords, "decode": {"variable", "dynamic", "eager"}},
		Stances:    []string{"default", "eager_on_recompile"},
		Lacks:      map[string]string{"static-cache": "this engine has no fixed cache"}}
	if fault != "noaa" {
		hello.Features = []string{"aa"}
	}
	if _, ok := faultNumber(fault, "leaves:"); ok {
		hello.Features = append(hello.Features, "leaves")
	}
	switch fault {
	case "alone", "both":
		hello.Pairings = append(hello.Pairings, "concurrent")
	case "onelane":
		hello.Lanes = []string{"optimized"}
	case "nolane":
		hello.Lanes = []string{"fast lane"}
	case "mute":
		time.Sleep(time.Hour)
	case "silent":
		fmt.Fprintln(os.Stderr, "cannot find my library")
		return 3
	case "version":
		hello.Protocol = 99
	case "clock":
		hello.ClockNs = time.Now().UnixNano()
	}
	if fault == "credithuge" {
		hello.Credit = 1 << 40
	}
	if fault == "dieflush" {
		time.Sleep(700 * time.Millisecond)
	}
	if fault == "loadedfirst" {
		_ = out.Send(&protocol.Loaded{})
	}
	_ = out.Send(hello)
	if fault == "hello2" {
		_ = out.Send(hello)
	}
	e := &engineState{out: out, fault: fault, shapes: map[string]bool{}, open: map[string]*protocol.Batch{}}
	if len(fault) >= 6 && fault[:6] == "buffer" {
		go func() {
			for {
				time.Sleep(20 * time.Millisecond)
				e.flushOpen()
			}
		}()
	}
	for {
		msg, err := in.Next()
		if err != nil {
			return 0
		}
		if done, code := e.take(msg); done {
			return code
		}
	}
}

type engineState struct {
	out    *protocol.Writer
	fault  string
	served int
	shapes map[string]bool
	last   int
	mu     sync.Mutex // buffer faults: batches by lane and shape, sent every 20 ms
	open   map[string]*protocol.Batch
	rows   atomic.Uint64
}

// batch sends samples and counts them.
func (e *engineState) batch(b *protocol.Batch) {
	e.rows.Add(uint64(len(b.Request)))
	_ = e.out.Send(b)
}

func (e *engineState) flushOpen() {
	e.mu.Lock()
	defer e.mu.Unlock()
	var bs []*protocol.Batch
	for _, b := range e.open {
		bs = append(bs, b)
	}
	slices.SortFunc(bs, func(a, b *protocol.Batch) int { return int(a.StartNs[0] - b.StartNs[0]) })
	for _, b := range bs {
		e.batch(b)
	}
	clear(e.open)
}

func (e *engineState) keep(b *protocol.Batch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	k := b.Lane + b.Mode + b.Shape
	o := e.open[k]
	if o == nil {
		e.open[k] = b
		return
	}
	o.Request, o.Order = append(o.Request, b.Request...), append(o.Order, b.Order...)
	o.StartNs, o.WallNs = append(o.StartNs, b.StartNs...), append(o.WallNs, b.WallNs...)
	o.CompileNs, o.ExecutedTokens = append(o.CompileNs, b.CompileNs...), append(o.ExecutedTokens, b.ExecutedTokens...)
}

func (e *engineState) take(msg any) (done bool, code int) {
	switch m := msg.(type) {
	case *protocol.Load:
		if e.fault == "fatal" {
			_ = e.out.Send(&protocol.Error{Fatal: true, Code: "model", Message: "the model is not for this engine"})
			return true, 1
		}
		if e.fault == "loadnever" {
			time.Sleep(time.Hour)
		}
		if e.fault == "loaded2" {
			_ = e.out.Send(&protocol.Loaded{Model: protocol.Model{Kind: "causal-lm"}})
		}
		lacks := map[string]string{}
		if e.fault == "alone" {
			lacks["concurrent"] = "this provider runs one session at a time"
		}
		if e.fault == "no cache" {
			lacks["kv_decode"] = "the model takes no past keys and values"
		}
		_ = e.out.Send(&protocol.Loaded{DurNs: 1, Lacks: lacks, Model: protocol.Model{Name: m.Name, Kind: "causal-lm", MaxPositions: 4096}, Provider: "cpu",
			Device: "test" + m.Options["stance"], Backends: map[string]string{"eager": "test-eager", "optimized": "test-compiled"}, Threads: m.Threads})
	case *protocol.Request:
		return e.request(m)
	case *protocol.Flush:
		e.flushOpen()
		if e.fault == "dieflush" {
			time.Sleep(150 * time.Millisecond) // the journal has what came before
			return true, 7
		}
		_ = e.out.Send(&protocol.Flushed{ID: m.ID})
	case *protocol.Clear:
		clear(e.shapes)
		_ = e.out.Send(&protocol.Cleared{ID: m.ID})
	case *protocol.Stop:
		e.flushOpen()
		if e.fault == "hang" {
			time.Sleep(time.Hour)
		}
		if _, ok := faultNumber(e.fault, "leaves:"); ok {
			_ = e.out.Send(&protocol.Event{TNs: clock.Monotonic(), Kind: stats.KindMark, Reason: "its last words"})
		}
		bye := &protocol.Bye{Samples: e.rows.Load()}
		if e.fault == "miscounts" {
			bye.Samples += 5
		}
		_ = e.out.Send(bye)
		return true, 0
	}
	return false, 0
}

func (e *engineState) request(m *protocol.Request) (done bool, code int) {
	e.served++
	if done, code := e.misbehave(); done {
		return done, code
	}
	if n, ok := faultNumber(e.fault, "die:"); ok && e.served == n {
		fmt.Fprintln(os.Stderr, "out of luck")
		return true, 7
	}
	if n, ok := faultNumber(e.fault, "leaves:"); ok && e.served >= n {
		return false, 0 // never answered, though it listens
	}
	if n, ok := faultNumber(e.fault, "stall:"); ok && e.served == n {
		time.Sleep(time.Hour)
	}
	if n, ok := faultNumber(e.fault, "bufferpoison:"); ok && m.Tokens == n {
		return true, 8
	}
	if n, ok := faultNumber(e.fault, "poison:"); ok && m.Tokens == n {
		return true, 8
	}
	switch {
	case e.fault == "garbage" && e.served == 3:
		fmt.Println("this is not JSON")
	case e.fault == "stranger" && e.served == 3:
		m.ID += 1 << 40
	}
	for i, lane := range m.Order {
		e.run(m, i, lane)
	}
	return false, 0
}

// run executes one lane of a request; the optimized lane compiles each new
// shape inside its time.
func (e *engineState) run(m *protocol.Request, order int, lane string) {
	n := m.Exec[0]
	if lane == "optimized" {
		n = m.Exec[1]
	}
	shape := fmt.Sprintf("%dx%d", m.Batch, n)
	begin, compiled := clock.Monotonic(), int64(0)
	key := m.Mode + m.Strategy.Prefill + shape
	if lane == "optimized" && m.Strategy.Prefill != "eager" && !e.shapes[key] {
		work(20 * n)
		e.shapes[key] = true
		compiled = clock.Monotonic() - begin
		kind := stats.KindRecompile
		if len(e.shapes) == 1 {
			kind = stats.KindCompile
		}
		_ = e.out.Send(&protocol.Event{TNs: begin, Kind: kind, Lane: lane, Mode: m.Mode, Strategy: plan.Strategy(m.Strategy).Label(m.Mode), Shape: shape,
			Request: &m.ID, DurNs: compiled, Reason: fmt.Sprintf("tokens %d → %d: no executable for this shape", e.last, n)})
	}
	e.last = n
	work(n)
	if k, ok := faultNumber(e.fault, "fails:"); e.fault == "fails" || ok && e.served <= k {
		e.batch(&protocol.Batch{Lane: lane, Mode: m.Mode, Strategy: m.Strategy.Prefill, Shape: shape, Backend: "test-" + lane,
			Request: []uint64{m.ID}, Order: []int{order}, StartNs: []int64{begin}, WallNs: []int64{clock.Monotonic() - begin},
			CompileNs: []int64{compiled}, ExecutedTokens: []int{n * m.Batch}, Error: []string{"copies are not possible here"}})
		return
	}
	send := func(b *protocol.Batch) {
		if len(e.fault) >= 6 && e.fault[:6] == "buffer" {
			e.keep(b)
			return
		}
		e.batch(b)
	}
	send(&protocol.Batch{Lane: lane, Mode: m.Mode, Strategy: m.Strategy.Prefill, Shape: shape, Backend: "test-" + lane,
		Request: []uint64{m.ID}, Order: []int{order}, StartNs: []int64{begin}, WallNs: []int64{clock.Monotonic() - begin},
		CompileNs: []int64{compiled}, ExecutedTokens: []int{n * m.Batch}})
}

func faultNumber(fault, prefix string) (int, bool) {
	if len(fault) <= len(prefix) || !slices.Equal([]byte(fault[:len(prefix)]), []byte(prefix)) {
		return 0, false
	}
	n, err := strconv.Atoi(fault[len(prefix):])
	return n, err == nil
}
