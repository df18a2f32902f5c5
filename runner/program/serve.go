package program

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/strata"
)

// mode of every sample: a call of something compiled.
const mode = "forward"

// drain is how long lines may still come after the program has ended: its
// processes write their last ones as they end.
const drain = 300 * time.Millisecond

// observer is the engine: it tells the session what the processes tell it.
type observer struct {
	mu     sync.Mutex // guards all below, and the order of what is sent
	out    *protocol.Writer
	name   string
	early  []stats.Event // before loaded
	loaded bool
	lastID uint64
	sent   uint64

	procs   int
	dropped uint64
	groups  []*protocol.Counter
	dirty   bool
	strata  strata.Strata // calls without a compile, by callable and shape
	lanes   [2]int
	toldNs  int64 // when the comparison was told last
	ended   chan string
	once    sync.Once
}

// Serve observes the program that name calls, over the protocol on in and
// out, until it ends or the session does.
func Serve(ctx context.Context, in io.Reader, out io.Writer, socket, name string) error {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("listen for the program: %w", err)
	}
	defer l.Close()
	o := &observer{out: protocol.NewWriter(out), name: name, ended: make(chan string, 1)}
	why := "tailscope exec observes what the program does by itself"
	lacks := map[string]string{}
	for _, action := range []string{"strategy", "mode", "scenario", "pairing", "stance", "warm", "clear", "pause", "profile", "aa"} {
		lacks[action] = why
	}
	o.send(&protocol.Hello{Protocol: protocol.Version, Engine: "exec", Version: "1", PID: os.Getpid(), ClockNs: clock.Monotonic(), Credit: 1,
		Modes: []string{mode}, Strategies: map[string][]string{"prefill": {"variable", "dynamic"}},
		Features: []string{"observed", "evidence", "device_ns"}, Lacks: lacks})
	r := protocol.NewReader(in)
	if _, err := r.Next(); err != nil { // load: it holds nothing that is not known
		return nil
	}
	go o.accept(l)
	stop := make(chan struct{})
	go func() { defer close(stop); protocol.Attend(r, o.out) }()
	select {
	case <-stop:
	case <-ctx.Done():
	case reason := <-o.ended:
		time.Sleep(drain)
		o.mu.Lock()
		o.load(nil)
		o.note(stats.Event{Kind: stats.KindMark, Reason: reason, Extra: map[string]any{"ended": true}})
		o.mu.Unlock()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.compare(true)
	o.counters()
	o.send(&protocol.Bye{Samples: o.sent})
	return nil
}

func (o *observer) locked(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
}

// accept takes the processes of the program as they come.
func (o *observer) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				time.Sleep(10 * time.Millisecond) // too many open files, say: the next may do
				continue
			}
			return
		}
		go o.follow(c)
	}
}

// follow reads one process's lines to its end.
func (o *observer) follow(c net.Conn) {
	defer c.Close()
	p := newProc(o)
	r := bufio.NewReaderSize(c, 1<<16)
	for {
		raw, err := r.ReadBytes('\n')
		if err != nil {
			o.locked(func() { p.advice(true) })
			return
		}
		o.locked(func() { p.take(raw); o.counters(); o.compare(false) })
	}
}

// arrived notes a process that has imported torch.
func (o *observer) arrived(p *proc) {
	o.procs++
	a := &p.about
	rank := ""
	if a.Rank != nil {
		rank = fmt.Sprintf(", rank %d", *a.Rank)
	}
	o.note(stats.Event{Kind: stats.KindMark, Reason: fmt.Sprintf("process %d%s: Python %s, torch %s; the hook costs a call %.1f µs at least", a.PID, rank, a.Python, a.Torch, float64(a.HookNs)/1e3),
		Extra: map[string]any{"pid": a.PID, "ppid": a.PPID, "hook_ns": a.HookNs, "rank": a.Rank}})
}

// load tells the session what runs, at the first call of something compiled; p is
// nil where none was ever called.
func (o *observer) load(p *proc) {
	if o.loaded {
		return
	}
	o.loaded = true
	m := &protocol.Loaded{Model: protocol.Model{Name: o.name, Kind: "any"}, ProviderAsked: "auto", Provider: "cpu", Device: "CPU", Threads: 1,
		Boundary: "the call returns to its caller: nothing is synchronised; device times are of CUDA events around the call"}
	if p == nil {
		m.Notes = []string{o.nothing()}
		m.Backends = map[string]string{"eager": "torch-eager", "optimized": "torch"}
	} else {
		if p.about.CUDA != "" && p.cuda {
			m.Provider, m.Device = "cuda", "CUDA"
		}
		m.Backends = map[string]string{"eager": p.where() + "-eager", "optimized": p.where() + "-inductor"}
		for _, c := range p.callables {
			m.Backends["optimized"] = p.backend(c, 1)
		}
		m.Versions = map[string]string{"torch": p.about.Torch, "python": p.about.Python}
		m.Notes = []string{fmt.Sprintf("the hook costs a call %.1f µs at least, measured in the program before its first call", float64(p.about.HookNs)/1e3)}
	}
	o.send(m)
	for i := range o.early {
		o.note(o.early[i])
	}
	o.early = nil
}

// nothing says why there is nothing to see.
func (o *observer) nothing() string {
	if o.procs == 0 {
		return "no process of the program imported torch where tailscope could see it (python -I, -E and -S hide it)"
	}
	return "the program never called anything that torch.compile returned"
}

// note sends an event, once the session can take events.
func (o *observer) note(e stats.Event) {
	e.TNs = cmp.Or(e.TNs, clock.Monotonic())
	if !o.loaded {
		if len(o.early) < 1024 {
			o.early = append(o.early, e)
		}
		return
	}
	o.send(&protocol.Event{TNs: e.TNs, Kind: e.Kind, Lane: e.Lane, Mode: e.Mode, Strategy: e.Strategy, Shape: e.Shape, Request: e.Request,
		DurNs: e.DurNs, Reason: e.Reason, Extra: e.Extra})
}

func (o *observer) batch(b *protocol.Batch) {
	if b == nil || b.Len() == 0 {
		return
	}
	o.sent += uint64(b.Len())
	o.send(b)
}

// count keeps the state of the compile cache.
func (o *observer) count(c callable, e *stats.Event) {
	if e.Request == nil {
		return
	}
	i := slices.IndexFunc(o.groups, func(g *protocol.Counter) bool { return g.Strategy == c.strategy })
	if i < 0 {
		i = len(o.groups)
		o.groups = append(o.groups, &protocol.Counter{Mode: mode, Strategy: c.strategy})
	}
	g := o.groups[i]
	g.RecompileLimit = max(g.RecompileLimit, c.limit)
	switch e.Kind {
	case stats.KindCompile:
		g.Compiles++
	case stats.KindRecompile:
		g.Recompiles++
	case stats.KindGraphCapture:
		g.Captures++
	case stats.KindLimitReached:
		g.LimitReached = true
	default:
		return
	}
	if e.Kind == stats.KindCompile || e.Kind == stats.KindRecompile {
		n, _ := e.Extra["graphs"].(float64)
		g.UniqueGraphs += int(n)
		g.CompileNs += e.DurNs
	}
	o.dirty = true
}

// counters sends them when they have changed.
func (o *observer) counters() {
	if !o.dirty || !o.loaded {
		return
	}
	o.dirty = false
	m := &protocol.Counters{Checks: protocol.Checks{Skipped: "the program's outputs are its own: they are not compared"},
		Engine: map[string]any{"processes": o.procs, "dropped": o.dropped}}
	for _, g := range o.groups {
		m.Groups = append(m.Groups, *g)
	}
	o.send(m)
}

// compareEvery is the time between two comparisons of the lanes.
const compareEvery = int64(20 * time.Second)

// compare tells how the lanes of --ab differ within shapes.
func (o *observer) compare(last bool) {
	now := clock.Monotonic()
	if o.toldNs == 0 {
		o.toldNs = now
	}
	if o.lanes[strata.Eager] == 0 || !o.loaded || !last && now-o.toldNs < compareEvery {
		return
	}
	o.toldNs = now
	d, ok := o.strata.Diff()
	if !ok {
		return
	}
	o.note(stats.Event{Kind: stats.KindMark, Reason: fmt.Sprintf("calls are drawn, not paired: within %s optimized − eager is %s in the median (95 %%: %s to %s), %d eager and %d optimized calls, compiles left out",
		stats.Counted(d.Strata, "shape"), stats.SignedMs(d.Ns), stats.SignedMs(d.Lo), stats.SignedMs(d.Hi), d.N[0], d.N[1]),
		Extra: map[string]any{"stratified": map[string]any{"diff_ms": d.Ns / 1e6, "lo_ms": d.Lo / 1e6, "hi_ms": d.Hi / 1e6, "strata": d.Strata, "n": d.N}}})
}

// send writes a message at once. Nobody to read it is the session's end, which
// stdin tells.
func (o *observer) send(m any) { _ = o.out.Send(m) }

// exited notes the end of the program.
func (o *observer) exited(code int, signal string) {
	reason := fmt.Sprintf("the program exited with %d", code)
	if signal != "" {
		reason = "the program died of " + signal
	}
	o.once.Do(func() { o.ended <- reason })
}
