package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Options say how to run the engine. The zero value will do for engines that
// need no model.
type Options struct {
	Env     []string      // whole environment; nil: this process's
	Dir     string        // working directory
	Load    protocol.Load // zero fields get defaults
	Lengths []int         // prompt lengths, at least four different ones; 5, 8, 11, 16, 23 if nil
	Steps   int           // decode steps; 6 if 0
	Answer  time.Duration // longest wait for any answer; a minute if 0
}

func (o Options) filled() Options {
	if len(o.Lengths) == 0 {
		o.Lengths = []int{5, 8, 11, 16, 23}
	}
	o.Steps, o.Answer = cmp.Or(o.Steps, 6), cmp.Or(o.Answer, time.Minute)
	l := &o.Load
	if l.Model == "" {
		l.Model, l.Name = "builtin:tiny-gpt2", "builtin:tiny-gpt2"
	}
	l.RecompileLimit, l.Threads = cmp.Or(l.RecompileLimit, 8), cmp.Or(l.Threads, 1)
	l.Compile, l.Check = cmp.Or(l.Compile, "inline"), cmp.Or(l.Check, 1)
	return o
}

// scenario is one life of the engine. Rules that hold always are checked on
// every message; a scenario adds what it provoked.
type scenario struct {
	name string
	run  func(e *engine)
}

var scenarios = []scenario{
	{"StopAtOnce", stopAtOnce},
	{"EveryModeAndStrategy", everyModeAndStrategy},
	{"CompileOnce", compileOnce},
	{"RecompileLimit", recompileLimit},
	{"Clear", clearCache},
	{"SetLimit", setLimit},
	{"Flush", flush},
	{"FlushBeforeDue", flushBeforeDue},
	{"OneLane", oneLane},
	{"AA", abTwin},
	{"BadRequests", badRequests},
	{"MalformedLines", malformedLines},
	{"Profile", profile},
	{"StopWithWorkQueued", stopWithWork},
	{"StdinCloses", stdinCloses},
	{"UnknownOption", unknownOption},
}

// Run starts argv once a scenario and reports every rule that it breaks.
func Run(t *testing.T, argv []string, o Options) {
	t.Helper()
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			for _, v := range check(argv, o, sc, t.TempDir(), t.Logf) {
				t.Error(v)
			}
		})
	}
}

// check runs one scenario and returns what was violated.
func check(argv []string, o Options, sc scenario, dir string, logf func(string, ...any)) []string {
	e, err := start(argv, o.filled(), dir)
	if err != nil {
		return []string{err.Error()}
	}
	defer e.kill()
	func() {
		defer func() {
			if r := recover(); r != nil {
				if _, given := r.(giveUp); !given {
					panic(r)
				}
			}
		}()
		sc.run(e)
	}()
	for _, why := range e.skipped {
		logf("skipped: %s", why)
	}
	if len(e.broken) > 0 {
		e.kill()
		return append(e.broken, "log of the engine:\n"+e.log.String())
	}
	return nil
}

// giveUp unwinds a scenario that cannot go on.
type giveUp struct{}

// lanes orders that requests take in turn.
var orders = [][]string{{"eager", "optimized"}, {"optimized", "eager"}}

// request makes a request that the engine can run, with shapes as the
// strategy has them.
func (e *engine) request(mode, prefill, decode string, tokens int) *protocol.Request {
	e.nextID++
	exec := tokens
	switch prefill {
	case "padded":
		exec = slices.Max(e.o.Lengths)
	case "bucketed":
		for exec = 1; exec < tokens; {
			exec *= 2
		}
	}
	r := &protocol.Request{ID: e.nextID, Mode: mode, Batch: 1, Tokens: tokens, Exec: [2]int{exec, exec}, Seed: e.nextID,
		Strategy: protocol.Strategy{Prefill: prefill, Decode: decode}, Order: orders[e.nextID%2]}
	if stats.ModeOf(mode).Times(stats.DecodePhase) {
		r.NewTokens = e.o.Steps
	}
	if stats.ModeOf(mode).Times(stats.ForwardPhase) {
		r.Dims = map[string]int{}
		for _, d := range e.loaded.Model.Dims {
			r.Dims[d] = tokens
		}
	}
	return r
}

// offers reports whether the engine offers a strategy in a phase.
func (e *engine) offers(phase, word string) bool {
	return slices.Contains(e.hello.Strategies[phase], word)
}

// has reports whether hello lists a feature.
func (e *engine) has(feature string) bool { return slices.Contains(e.hello.Features, feature) }

// mode returns the engine's first mode that fits the model, with the first
// strategies of its phases.
func (e *engine) mode() (mode, prefill, decode string) {
	first := func(phase string) string {
		if words := e.hello.Strategies[phase]; len(words) > 0 {
			return words[0]
		}
		return "eager"
	}
	return e.hello.Modes[0], first("prefill"), first("decode")
}

// plain is a request of the first mode and strategies.
func (e *engine) plain(tokens int) *protocol.Request {
	mode, prefill, decode := e.mode()
	return e.request(mode, prefill, decode, tokens)
}

// askPlain asks for n of them, of the first length.
func (e *engine) askPlain(n int) {
	for range n {
		e.ask(e.plain(e.o.Lengths[0]))
	}
}

// run asks for n of them and waits for the answers.
func (e *engine) run(n int) {
	e.askPlain(n)
	e.idle()
}

func describe(r *protocol.Request) string {
	return fmt.Sprintf("request %d (%s, prefill %s, decode %s, %d tokens in %v)", r.ID, r.Mode, r.Strategy.Prefill,
		r.Strategy.Decode, r.Tokens, r.Exec)
}
