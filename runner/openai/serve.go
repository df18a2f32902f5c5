package openai

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/stats"
)

// Options of an attached session.
type Options struct {
	URLs        []string // one or two: optimized, eager
	Model       string   // "": the first that /v1/models names
	API         string   // "", completions or chat
	Key         string   `json:"-"` // of the API; in no file and no argument
	Concurrency int      // requests at once of a closed loop
	Together    bool     // both servers may be loaded at once
	NoLoad      bool     // nothing is sent: metrics and log of somebody else's traffic
	OpenLoop    bool     // requests come with the time they are due
	Logs        []string // of each server: a file, or a command
	Trace       string   // TORCH_TRACE of the first server; "": none
	GraphMiB    float64  // memory of a captured graph, for the advisor
	GraphsMiB   float64  // that all of them may take; 0: as many as now
	Timeout     time.Duration
}

const mode = "e2e_kv"

// trialLimit bounds the trial of a server: its first request may compile, or
// load the model (Ollama itself gives that five minutes).
const trialLimit = 5 * time.Minute

// laneNames[i] is the lane of the i-th server.
var laneNames = [2]string{"optimized", "eager"}

// engine loads the servers as the session asks.
type engine struct {
	o       Options
	servers []*Server
	ctx     context.Context
	asking  context.Context // of requests: ends at stop, before the rest
	giveUp  context.CancelFunc

	mu    sync.Mutex // guards all below, and the order of what is sent
	out   *protocol.Writer
	queue []*protocol.Request
	more  chan struct{} // capacity 1: the queue has grown, or a slot is free
	busy  int
	sent  uint64
	gone  bool // stdin has closed, or stop was said
	spans spans
	steps [2]bool // the log told of steps: no need to guess from buckets
}

// Serve speaks the protocol on in and out until it is told to stop.
func Serve(ctx context.Context, in io.Reader, out io.Writer, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e := &engine{o: o, ctx: ctx, out: protocol.NewWriter(out), more: make(chan struct{}, 1)}
	e.asking, e.giveUp = context.WithCancel(ctx)
	defer e.giveUp()
	e.o.Concurrency = max(o.Concurrency, 1)
	for _, u := range o.URLs {
		e.servers = append(e.servers, NewServer(u, o.Model, o.Key, 2*e.o.Concurrency))
	}
	e.hello()
	r := protocol.NewReader(in)
	if _, err := r.Next(); err != nil { // load: what it says is in the options
		return nil
	}
	if err := e.load(); err != nil {
		e.send(&protocol.Error{Fatal: true, Code: "model", Message: err.Error()})
		return err
	}
	var side sync.WaitGroup
	for i, s := range e.servers {
		side.Go(func() { e.scrape(i, s) })
		if i < len(o.Logs) && o.Logs[i] != "" {
			side.Go(func() { e.tail(i, s, o.Logs[i]) })
		}
	}
	if o.Trace != "" {
		side.Go(func() { e.trace(o.Trace) })
	}
	done := make(chan struct{})
	go func() { defer close(done); e.schedule() }()
	e.commands(r)
	<-done
	cancel()
	side.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spans.conclude(e)
	e.send(&protocol.Bye{Samples: e.sent})
	return nil
}

func (e *engine) hello() {
	h := &protocol.Hello{Protocol: protocol.Version, Engine: "openai", Version: "1", PID: os.Getpid(), ClockNs: clock.Monotonic(),
		Credit: max(64, 4*e.o.Concurrency), Modes: []string{mode}, Pairings: []string{"interleaved", "sequential"},
		Strategies: map[string][]string{"prefill": {"variable"}, "decode": {"variable"}}, Features: []string{"steps", "parallel", "leaves"}}
	if e.o.OpenLoop {
		h.Credit = 4096
	}
	why := "the server's settings are its own: attach a second server that has others"
	h.Lacks = map[string]string{"strategy": why, "mode": "a server completes: there is no other mode", "stance": why, "clear": why, "profile": why, "aa": "attach the same URL twice"}
	if len(e.servers) == 1 {
		h.Lanes = []string{"optimized"}
		h.Lacks["pairing"] = "there is one server"
	} else if e.o.Together {
		h.Pairings = append(h.Pairings, "concurrent")
	} else {
		h.Lacks["concurrent"] = "two servers that share a device disturb one another: --together allows it"
	}
	if e.o.NoLoad {
		h.Features = append(h.Features, "observed")
		for _, a := range []string{"pairing", "scenario", "warm", "pause"} {
			h.Lacks[a] = "nothing is sent with --no-load"
		}
	}
	e.send(h)
}

// toldSteps notes that a log tells of steps: nothing need be guessed from
// buckets.
func (e *engine) toldSteps(k int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.steps[k] = true
}

// same tells whether both lanes are one server: the A/A.
func (e *engine) same() bool { return len(e.servers) == 2 && e.servers[0].URL == e.servers[1].URL }

// load finds out what the servers are and take, and compares them.
func (e *engine) load() error {
	began := clock.Monotonic()
	m := &protocol.Loaded{Backends: map[string]string{}, Versions: map[string]string{}, Threads: 1, ProviderAsked: "auto",
		Boundary: "the end of the stream"}
	for i, s := range e.servers {
		if err := s.Identify(e.ctx); err != nil {
			return err
		}
		if i < len(e.o.Logs) && sys.IsFile(e.o.Logs[i]) {
			s.learnFromFile(e.o.Logs[i])
		}
		if !e.o.NoLoad {
			waits := func(d time.Duration) {
				e.say(i, stats.KindMark, fmt.Sprintf("loading: no answer of %s to the trial request for %.0f s", s.URL, d.Seconds()))
			}
			if err := s.Try(e.ctx, e.o.API, min(cmp.Or(e.o.Timeout, trialLimit), trialLimit), waits); err != nil {
				return err
			}
			m.Notes = append(m.Notes, fmt.Sprintf("%s is asked by %s", s.URL, s.says()))
		}
		m.Backends[laneNames[i]] = s.name()
		for k, v := range s.Identity {
			m.Versions[laneNames[i]+"."+k] = v
		}
	}
	a := e.servers[0]
	m.Model = protocol.Model{Name: a.Model, Kind: stats.CausalLM, DType: a.Identity["dtype"]}
	m.Provider, m.Device = cmp.Or(a.Identity["server"], "openai"), a.URL
	verdict, same := e.compare()
	if verdict == "" && a.Identity["eager"] == "true" {
		m.Notes = append(m.Notes, "the server runs eager by its own word: the optimized lane is a name here")
	}
	if verdict != "" {
		m.Device, m.Notes = m.Device+" / "+e.servers[1].URL+": "+verdict, append(m.Notes, verdict)
	}
	m.DurNs = clock.Monotonic() - began
	e.mu.Lock()
	defer e.mu.Unlock()
	e.send(m)
	for i, s := range e.servers {
		e.event(&protocol.Event{Kind: stats.KindMark, Lane: laneNames[i], Reason: s.URL + ": " + cmp.Or(s.Identity.String(), "says nothing of itself"),
			Extra: map[string]any{"identity": s.Identity}})
	}
	if verdict != "" {
		e.event(&protocol.Event{Kind: stats.KindMark, Reason: verdict, Extra: map[string]any{"identity_check": true, "same": same}})
	}
	return nil
}

// compare is the sentence on how the two servers differ.
func (e *engine) compare() (verdict string, same bool) {
	if len(e.servers) < 2 {
		return "", false
	}
	a, b := e.servers[0], e.servers[1]
	if e.same() {
		return "one server twice: an A/A", true
	}
	differ, unknown := Differences(a.Identity, b.Identity)
	var parts []string
	if len(differ) > 0 {
		parts = append(parts, "the servers differ in "+strings.Join(differ, "; "))
	} else {
		parts = append(parts, "what both servers say of themselves is equal: a difference would be none of their settings that are known")
		same = true
	}
	if len(unknown) > 0 {
		parts = append(parts, "only one of them says its "+strings.Join(unknown, ", "))
	}
	if a.Identity["eager"] == "true" {
		parts = append(parts, "the optimized lane runs eager by its own word")
	}
	return strings.Join(parts, "; "), same
}

func (s *Server) name() string {
	n := cmp.Or(s.Identity["server"], "server")
	if s.Identity["eager"] == "true" {
		n += " eager"
	}
	return n + " " + strings.TrimPrefix(strings.TrimPrefix(s.URL, "http://"), "https://")
}

// commands takes what the session says until it has no more to say.
func (e *engine) commands(r *protocol.Reader) {
	for {
		msg, err := r.Next()
		e.mu.Lock()
		switch m := msg.(type) {
		case *protocol.Request:
			e.queue = append(e.queue, m)
		case *protocol.Flush:
			f := &protocol.Flushed{ID: m.ID}
			for _, q := range e.queue {
				f.Dropped = append(f.Dropped, q.ID)
			}
			e.queue = nil
			e.send(f)
		case *protocol.Clear:
			e.send(&protocol.Cleared{ID: m.ID})
		case *protocol.Stop:
			e.gone, e.queue = true, nil
		}
		if err != nil {
			e.gone, e.queue = true, nil
		}
		gone := e.gone
		e.mu.Unlock()
		e.wake()
		if gone {
			e.giveUp() // what is on the server still is no sample
			return
		}
	}
}

func (e *engine) wake() {
	select {
	case e.more <- struct{}{}:
	default:
	}
}
