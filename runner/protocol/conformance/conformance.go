package conformance

import (
	"fmt"
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
	if o.Steps == 0 {
		o.Steps = 6
	}
	if o.Answer == 0 {
		o.Answer = time.Minute
	}
	l := &o.Load
	if l.Model == "" {
		l.Model, l.Name = "builtin:tiny-gpt2", "builtin:tiny-gpt2"
	}
	if l.RecompileLimit == 0 {
		l.RecompileLimit = 8
	}
	if l.Threads == 0 {
		l.Threads = 1
	}
	if l.Compile == "" {
		l.Compile = "inline"
	}
	if l.Check == 0 {
		l.Check = 1
	}
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
		exec = e.longest()
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

func (e *engine) longest() int {
	n := 0
	for _, l := range e.o.Lengths {
		n = max(n, l)
	}
	return n
}

// offers reports whether the engine offers a strategy in a phase.
func (e *engine) offers(phase, word string) bool {
	for _, w := range e.hello.Strategies[phase] {
		if w == word {
			return true
		}
	}
	return false
}

// has reports whether hello lists a feature.
func (e *engine) has(feature string) bool {
	for _, f := range e.hello.Features {
		if f == feature {
			return true
		}
	}
	return false
}

// mode returns the engine's first mode that fits the model, with the first
// strategies of its phases.
func (e *engine) mode() (mode, prefill, decode string) {
	mode = e.hello.Modes[0]
	first := func(phase string) string {
		if len(e.hello.Strategies[phase]) == 0 {
			return "eager"
		}
		return e.hello.Strategies[phase][0]
	}
	return mode, first("prefill"), first("decode")
}

func describe(r *protocol.Request) string {
	return fmt.Sprintf("request %d (%s, prefill %s, decode %s, %d tokens in %v)", r.ID, r.Mode, r.Strategy.Prefill,
		r.Strategy.Decode, r.Tokens, r.Exec)
}
