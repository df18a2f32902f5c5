package runner

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
)

// engine is the worker in hand: its process, what it says of itself, and what
// has been asked of it beside requests.
type engine struct {
	proc       *worker.Process // nil: between two
	placed     worker.Placement
	startedNs  int64
	helloNs    int64 // when it was asked to load
	flushNs    int64 // when it was asked to flush
	hello      *protocol.Hello
	loaded     *protocol.Loaded
	counters   protocol.Counters
	evidence   []protocol.Evidence
	rows       uint64            // samples that this worker has sent
	unbelieved int               // claims of this worker that cannot be
	options    map[string]string // for it and for those that follow

	flushing bool
	flushID  uint64
	asked    map[uint64]bool // clears and profiles without an answer yet
	askID    uint64          // of clear and profile: flushed must find the flush's own
	warmed   map[string]bool // compile: warmup: mode, strategy and scenario whose shapes it has been sent

	restarts int // in a row without a sample between
	backoff  *backoff.ExponentialBackOff
	restart  <-chan struct{} // closes when the next one is to start
}

// maxEvidence bounds what the screen keeps; the journal has every line.
const maxEvidence = 4096

func newEngine(options map[string]string) engine {
	e := engine{options: map[string]string{}, warmed: map[string]bool{}, asked: map[uint64]bool{}, backoff: newBackOff()}
	maps.Copy(e.options, options)
	return e
}

// started takes a new worker in hand.
func (e *engine) started(p *worker.Process, now int64) {
	e.proc, e.startedNs, e.hello, e.loaded = p, now, nil, nil
	e.rows, e.unbelieved = 0, 0
}

// messages is the channel of the worker in hand, nil between two.
func (e *engine) messages() <-chan []any {
	if e.proc == nil {
		return nil
	}
	return e.proc.Msgs
}

// post writes to the worker what was asked while one thing was handled.
func (e *engine) post() {
	if e.proc != nil {
		e.proc.Post()
	}
}

// ask sends a message with the next post; without a worker it is forgotten.
func (e *engine) ask(msg any) {
	if e.proc != nil {
		e.proc.Send(msg)
	}
}

func (e *engine) nextAsk() uint64 {
	e.askID++
	e.asked[e.askID] = true
	return e.askID
}

// answers reports whether a clear or profile of this number waits for its
// answer, and takes it as answered.
func (e *engine) answers(id uint64) bool {
	waits := e.asked[id]
	delete(e.asked, id)
	return waits
}

// alive notes that samples come: the next restart is the first in a row.
func (e *engine) alive() {
	if e.restarts > 0 {
		e.restarts = 0
		e.backoff.Reset()
	}
}

// forget drops what is known of a worker that has ended and that another will
// follow.
func (e *engine) forget() {
	e.hello, e.loaded = nil, nil
	e.counters = protocol.Counters{}
	clear(e.warmed)
	clear(e.asked)
}

// again counts a restart and says how long to wait for it.
func (e *engine) again() time.Duration {
	e.restarts++
	wait := e.backoff.NextBackOff()
	timer := make(chan struct{})
	time.AfterFunc(wait, func() { close(timer) })
	e.restart = timer
	return wait
}

// prove keeps a line of evidence.
func (e *engine) prove(m *protocol.Evidence) {
	if len(e.evidence) < maxEvidence {
		e.evidence = append(e.evidence, *m)
	}
}

// flush asks the worker to drop what has not started.
func (e *engine) flush() {
	if e.flushing || e.proc == nil || e.loaded == nil {
		return
	}
	e.flushing, e.flushNs = true, clock.Monotonic()
	e.flushID++
	e.ask(&protocol.Flush{ID: e.flushID})
}

// flushed reports whether an answer is that of the last flush.
func (e *engine) flushed(id uint64) bool {
	if id != e.flushID {
		return false
	}
	e.flushing = false
	return true
}

// firstTime reports whether this worker has not been sent the shapes of a mode
// under these settings, and notes that it has now.
func (e *engine) firstTime(mode string, set settings) bool {
	key := mode + "\x00" + set.strategy.String() + "\x00" + set.scenario
	if e.warmed[key] {
		return false
	}
	e.warmed[key] = true
	return true
}

// credit is how many requests it accepts ahead.
func (e *engine) credit() int { return min(max(e.hello.Credit, 1), maxCredit) }

// maxCredit bounds the requests in hand, whatever an engine says it takes.
const maxCredit = 4096

// lanes are those that the engine has.
func (e *engine) lanes() []stats.Lane {
	var out []stats.Lane
	for l := range stats.Lane(stats.NumLanes) {
		if e.hello == nil || len(e.hello.Lanes) == 0 || slices.Contains(e.hello.Lanes, l.String()) {
			out = append(out, l)
		}
	}
	return out
}

func (e *engine) offers(feature string) bool {
	return e.hello != nil && slices.Contains(e.hello.Features, feature)
}

// because is the engine's reason for lacking something, after a colon, or "".
func (e *engine) because(what string) string {
	if e.hello == nil {
		return ""
	}
	return because(e.hello.Lacks[what])
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// set changes options of the worker in hand and of those that follow.
func (e *engine) set(options map[string]string) {
	e.ask(&protocol.Set{Options: options})
	maps.Copy(e.options, options)
}

// stance is the one in force; "" where the engine has none. asked is what the
// configuration says.
func (e *engine) stance(asked string) string {
	if e.hello == nil || len(e.hello.Stances) == 0 {
		return ""
	}
	return cmp.Or(e.options["stance"], asked, e.hello.Stances[0])
}

// refusal says what of the settings the engine cannot run in one of the modes,
// or "".
func (e *engine) refusal(modes []string, set settings) string {
	for _, mode := range modes {
		if lack := e.lacks(mode, set.strategy); lack != "" {
			return lack
		}
	}
	switch {
	case len(e.lanes()) == 0:
		return "a request: it has neither the lane eager nor optimized"
	case set.pairing == "concurrent" && !slices.Contains(e.hello.Pairings, "concurrent"):
		return "both lanes at once" + e.because("concurrent")
	case set.aa && !e.offers("aa"):
		return "A/A: it has no second eager session" + e.because("aa")
	}
	return ""
}

// lacks says why the engine cannot run the current settings in a mode, or "".
func (e *engine) lacks(mode string, st plan.Strategy) string {
	if why, no := e.hello.Lacks[mode]; no || !slices.Contains(e.hello.Modes, mode) {
		if why == "" && len(e.hello.Modes) == 0 { // nothing at all: what it lacks says why
			why = strings.Join(slices.Sorted(maps.Values(e.hello.Lacks)), "; ")
		}
		return mode + because(why)
	}
	check := func(phase, word string) string {
		why, no := e.hello.Lacks[word]
		offered := e.hello.Strategies[phase]
		if no && !slices.Contains(offered, word) || offered != nil && !slices.Contains(offered, word) {
			return "the strategy " + word + " in " + phase + because(why)
		}
		return ""
	}
	w := st.Wire(e.hello.Strategies)
	lack := ""
	if mode == "forward" && (w.Prefill == "padded" || w.Prefill == "bucketed" || w.Prefill == string(stats.Chunked)) {
		return "the strategy " + st.String() + " in forward: sizes of a dimension are run as they are given"
	}
	if stats.ModeOf(mode).Times(stats.PrefillPhase) {
		lack = check("prefill", w.Prefill)
		if decodes := stats.ModeOf(mode).Times(stats.DecodePhase); decodes && lack == "" && w.Prefill == string(stats.Chunked) && w.Decode != string(stats.StaticCache) && w.Decode != string(stats.KVBucketed) {
			return "the strategy " + st.String() + ": chunked fills a cache of fixed size, decode=static-cache or kv-bucketed"
		}
	}
	if lack == "" && stats.ModeOf(mode).Times(stats.DecodePhase) {
		lack = check("decode", w.Decode)
	}
	return lack
}

// takeBack notes what hello offered and the loaded model or provider cannot do.
func (e *engine) takeBack(lacks map[string]string) {
	if len(lacks) == 0 {
		return
	}
	h := *e.hello
	h.Pairings = slices.DeleteFunc(slices.Clone(h.Pairings), func(p string) bool { return lacks[p] != "" })
	h.Lacks = map[string]string{}
	maps.Copy(h.Lacks, e.hello.Lacks) // screens have that one
	maps.Copy(h.Lacks, lacks)
	e.hello = &h
}
