package torchtrace

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// mode of every event: something compiled is called.
const mode = "forward"

// pollEvery is the time between two looks into the folder.
const pollEvery = 100 * time.Millisecond

// engine tells a session what a folder's traces tell.
type engine struct {
	mu    sync.Mutex
	out   *protocol.Writer
	dir   Folder
	group protocol.Counter
	own   map[string]any
	dirty bool
	skew  int64 // monotonic − Unix, nanoseconds
}

// Serve watches dir over the protocol on in and out; with once it ends when
// what is there has been read.
func Serve(ctx context.Context, in io.Reader, out io.Writer, dir string, once bool) error {
	e := &engine{out: protocol.NewWriter(out), dir: Folder{Dir: dir}, group: protocol.Counter{Mode: mode, Strategy: "variable", RecompileLimit: 8},
		own: map[string]any{}, skew: clock.Monotonic() - time.Now().UnixNano()}
	defer e.dir.Close()
	lacks := map[string]string{}
	for _, a := range []string{"strategy", "mode", "scenario", "pairing", "stance", "warm", "clear", "pause", "profile", "aa"} {
		lacks[a] = "tailscope watch reads what another process writes"
	}
	e.send(&protocol.Hello{Protocol: protocol.Version, Engine: "watch", Version: "1", PID: os.Getpid(), ClockNs: clock.Monotonic(), Credit: 1,
		Modes: []string{mode}, Strategies: map[string][]string{"prefill": {"variable"}}, Features: []string{"observed"}, Lacks: lacks})
	r := protocol.NewReader(in)
	if _, err := r.Next(); err != nil {
		return nil
	}
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		e.send(&protocol.Error{Fatal: true, Code: "input", Message: fmt.Sprintf("there is no folder %q: start the program with TORCH_TRACE=%s", dir, dir)})
		return fmt.Errorf("no folder %q", dir)
	}
	e.send(&protocol.Loaded{Model: protocol.Model{Name: "TORCH_TRACE " + filepath.Base(dir), Kind: "any"}, ProviderAsked: "auto", Provider: "torch", Device: dir,
		Backends: map[string]string{"eager": "—", "optimized": "torch.compile"}, Threads: 1, Boundary: "no calls are seen: compiles are"})
	stop := make(chan struct{})
	go func() { defer close(stop); protocol.Attend(r, e.out) }()
	e.follow(ctx, stop, once)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counters()
	e.send(&protocol.Bye{})
	return nil
}

// follow reads the folder until it is told to stop.
func (e *engine) follow(ctx context.Context, stop <-chan struct{}, once bool) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	told, failed := 0, "" // what was told last
	for {
		e.mu.Lock()
		err := e.dir.Poll(e.take)
		files, lines, unknown := e.dir.Counts()
		e.own["files"], e.own["lines"], e.own["unknown lines"] = files, lines, unknown
		if files != told {
			told = files
			e.event(&protocol.Event{Kind: stats.KindMark, Reason: fmt.Sprintf("%d traces in %s", files, e.dir.Dir)})
		}
		if err != nil && err.Error() != failed {
			failed = err.Error()
			e.event(&protocol.Event{Kind: stats.KindError, Reason: "the traces cannot be read: " + strings.ReplaceAll(failed, "\n", "; ")})
		}
		e.counters()
		e.mu.Unlock()
		if once {
			return
		}
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// take counts a record and passes it on.
func (e *engine) take(name string, r Record) {
	e.dirty = true
	n, _ := e.own[r.What].(int)
	e.own[r.What] = n + 1
	g := &e.group
	if r.Graph {
		g.UniqueGraphs++
	}
	switch r.Kind {
	case stats.KindCompile:
		g.Compiles, g.CompileNs = g.Compiles+1, g.CompileNs+r.DurNs
	case stats.KindRecompile:
		g.Recompiles, g.CompileNs = g.Recompiles+1, g.CompileNs+r.DurNs
	case stats.KindGraphCapture:
		g.Captures++
	case stats.KindLimitReached:
		g.LimitReached = true
	}
	if r.What == "hit" || r.What == "miss" {
		return // counted; an event each would be noise
	}
	e.event(Event(name, r, e.skew))
}

// Event is a record as the protocol tells it. skew is the monotonic clock
// minus Unix time, nanoseconds.
func Event(name string, r Record, skew int64) *protocol.Event {
	text := strings.TrimPrefix(r.Function+": "+r.Reason, ": ")
	if r.Rank >= 0 {
		text = fmt.Sprintf("rank %d · %s", r.Rank, text)
	}
	return &protocol.Event{TNs: max(r.UnixNs+skew, 1), Kind: r.Kind, Lane: "optimized", Mode: mode, Strategy: "variable", DurNs: r.DurNs, Reason: text,
		Extra: map[string]any{"what": r.What, "compile_id": r.CompileID, "function": r.Function, "file": name}}
}

func (e *engine) event(ev *protocol.Event) {
	ev.TNs = cmp.Or(ev.TNs, clock.Monotonic())
	e.send(ev)
}

func (e *engine) counters() {
	if !e.dirty {
		return
	}
	e.dirty = false
	e.send(&protocol.Counters{Groups: []protocol.Counter{e.group}, Checks: protocol.Checks{Skipped: "no outputs are seen"}, Engine: e.own})
}

// send writes a message. A session that is gone closes stdin as well.
func (e *engine) send(m any) { _ = e.out.Send(m) }
