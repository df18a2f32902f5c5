package runner

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// The routing rule of TR120 7.4 as code: while shapes churn, or where the
// recompile limit is reached, a request for whose shapes there is no
// executable goes to the eager session.
const (
	routeWindow = 100 // requests looked back on
	routeOn     = 5   // compiles or fallbacks in the window that start it
	routeOff    = 1   // shapes met for the first time in the window that may be when it ends
)

// routeState looks back on the last requests of the optimized lane, since the
// rule was switched last.
type routeState struct {
	seen   [routeWindow]bool // inactive: it compiled or fell back; active: its shape was never met before
	n      int
	active bool
	met    map[string]bool // routed away since the rule went on
}

// count is how many requests of the window met something.
func (r *routeState) count() int {
	n := 0
	for _, x := range r.seen[:min(r.n, routeWindow)] {
		if x {
			n++
		}
	}
	return n
}

func (r *routeState) note(met bool) {
	r.seen[r.n%routeWindow] = met
	r.n++
}

// turn switches the rule and looks back on nothing.
func (r *routeState) turn(on bool) { *r = routeState{active: on, met: map[string]bool{}} }

// novel notes a request of the active rule whose shape has no executable and
// reports whether it is the first of its shape. A mix of shapes that repeats
// is not churn, however many of them came up while the rule was on.
func (r *routeState) novel(key string) bool {
	if r.met[key] {
		return false
	}
	r.met[key] = true
	return true
}

// router knows which shapes have their executables and carries out the rule.
type router struct {
	cfg   *configs.Config
	known map[string]string // shape that ran, by key: what has its executables
	state routeState
}

func newRouter(cfg *configs.Config) router { return router{cfg: cfg, known: map[string]string{}} }

// on reports whether the rule was asked for.
func (r *router) on() bool { return r.cfg.Route == "churn" }

// forget looks back on nothing: a segment begins.
func (r *router) forget() { r.state = routeState{} }

// toEager decides for one request.
func (r *router) toEager(it plan.Item, st plan.Strategy) bool {
	if !r.on() || !r.state.active || it.Warmup {
		return false
	}
	_, known := r.known[r.key(it, st)]
	return !known
}

// key names the shapes that an item runs under a strategy,
// whatever its mode: what decides them and nothing else.
func (r *router) key(it plan.Item, st plan.Strategy) string {
	label := st.Label(it.Mode)
	head := it.Mode + "\x00" + label + "\x00"
	if st.Prefill == "dynamic" && (st.Decode == "dynamic" || !stats.ModeOf(it.Mode).Times(stats.DecodePhase)) {
		return head // one executable for every shape
	}
	b := make([]byte, 0, 64) // for each sample of the optimized lane: no fmt
	b = append(b, head...)
	b = append(strconv.AppendInt(b, int64(it.Batch), 10), 'x')
	exec := plan.NewShaper(r.cfg, st).Exec(it.Tokens, it.PadTo)[1]
	if st.Prefill == string(stats.Chunked) && (it.Mode != stats.KVDecode.String() || fixed(st)) {
		b, exec = append(b, "kv"...), r.cacheLength(it, st, exec) // pieces of all prompts over one cache have one executable
	}
	b = append(strconv.AppendInt(b, int64(exec), 10), '+')
	key := string(strconv.AppendInt(b, int64(it.NewTokens), 10))
	if len(it.Dims) == 0 {
		return key
	}
	for _, name := range slices.Sorted(maps.Keys(it.Dims)) {
		key += fmt.Sprintf(",%s=%d", name, it.Dims[name])
	}
	return key
}

// learn notes that the shapes of an item have their executables: the request
// ran in the optimized lane and nothing fell back.
func (r *router) learn(smp *stats.Sample, fl *inflight, now plan.Strategy) {
	if smp.Lane == stats.Optimized && !smp.Failed && !fl.routed && smp.Flags&stats.FlagFallback == 0 && fl.strategy == now {
		r.known[cmp.Or(fl.key, r.key(fl.item, now))] = smp.Shape
	}
}

// unlearn forgets what an evicted executable served: its shape in a prompt,
// every length of its mode and strategy in decode, where one request runs many.
func (r *router) unlearn(mode, label, shape string) {
	for key, ran := range r.known {
		if strings.HasPrefix(key, mode+"\x00"+label+"\x00") && (ran == shape || stats.ModeOf(mode).Times(stats.DecodePhase)) {
			delete(r.known, key)
		}
	}
}

// atLimit reports whether the recompile limit is reached in a mode under the
// strategy in force.
func (s *Session) atLimit(mode string) bool {
	id := s.identity()
	id.Mode = mode
	return slices.ContainsFunc(s.eng.counters.Groups, func(g protocol.Counter) bool { return g.LimitReached && id.covers(g.Mode, g.Strategy) })
}

// routeSeen notes what a request of the optimized lane met and switches the
// rule on or off, with its evidence as an event.
func (s *Session) routeSeen(smp *stats.Sample, fl *inflight) {
	if !s.route.on() || fl.segment != s.rec.seg {
		return
	}
	r := &s.route.state
	if !r.active {
		r.note(smp.Flags&(stats.FlagCompile|stats.FlagRecompile|stats.FlagFallback) != 0)
	} else {
		r.note(fl.routed && r.novel(s.route.key(fl.item, s.set.strategy)))
	}
	limit, count := s.atLimit(fl.item.Mode), r.count()
	switch {
	case !r.active && limit:
		s.turnRoute(true, smp, "the recompile limit is reached: shapes without an executable go to the eager session")
	case !r.active && count >= routeOn:
		s.turnRoute(true, smp, fmt.Sprintf("%d of the last %d requests compiled or fell back (the rule allows %d): shapes without an executable go to the eager session", count, min(r.n, routeWindow), routeOn-1))
	case r.active && !limit && r.n >= routeWindow && count <= routeOff:
		s.turnRoute(false, smp, fmt.Sprintf("only %d of the last %d requests met a shape for the first time: compiling again", count, routeWindow))
	}
}

func (s *Session) turnRoute(on bool, smp *stats.Sample, why string) {
	s.route.state.turn(on)
	s.rec.event(stats.Event{Kind: stats.KindRoute, Lane: "optimized", Mode: smp.Mode.String(), Strategy: smp.Strategy, Reason: why})
}
