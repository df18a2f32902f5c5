package runner

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

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

// routeToEager decides for one request.
func (s *Session) routeToEager(it Item) bool {
	if s.cfg.Route != "churn" || !s.pub.route.active || it.Warmup {
		return false
	}
	_, known := s.join.known[s.routeKey(it)]
	return !known
}

// routeKey names the shapes that an item runs under the current strategy,
// whatever its mode: what decides them and nothing else.
func (s *Session) routeKey(it Item) string {
	label := s.strategy.Label(it.Mode)
	head := it.Mode + "\x00" + label + "\x00"
	if s.strategy.Prefill == "dynamic" && (it.Mode == "prefill" || it.Mode == "forward" || s.strategy.Decode == "dynamic") {
		return head // one executable for every shape
	}
	sh := Shaper{Strategy: s.strategy, Edges: s.cfg.BucketEdges, EagerInputs: s.cfg.EagerInputs}
	b := make([]byte, 0, 64) // for each sample of the optimized lane: no fmt
	b = append(b, head...)
	b = append(strconv.AppendInt(b, int64(it.Batch), 10), 'x')
	b = append(strconv.AppendInt(b, int64(sh.Exec(it.Tokens, it.PadTo)[1]), 10), '+')
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
func (s *Session) learn(smp *stats.Sample, fl *inflight) {
	if smp.Lane == stats.Optimized && !smp.Failed && !fl.routed && smp.Flags&stats.FlagFallback == 0 && fl.strategy == s.strategy {
		s.join.known[s.routeKey(fl.item)] = smp.Shape
	}
}

// unlearn forgets what an evicted executable served: its shape in a prompt,
// every length of its mode and strategy in decode, where one request runs many.
func (s *Session) unlearn(mode, label, shape string) {
	for key, ran := range s.join.known {
		if strings.HasPrefix(key, mode+"\x00"+label+"\x00") && (ran == shape || mode == "kv_decode" || mode == "e2e_kv") {
			delete(s.join.known, key)
		}
	}
}

// atLimit reports whether the recompile limit is reached in a mode under the
// strategy in force.
func (s *Session) atLimit(mode string) bool {
	id := s.identity()
	id.Mode = mode
	for _, g := range s.counters.Groups {
		if id.covers(g.Mode, g.Strategy) && g.LimitReached {
			return true
		}
	}
	return false
}

// routeSeen notes what a request of the optimized lane met and switches the
// rule on or off, with its evidence as an event.
func (s *Session) routeSeen(smp *stats.Sample, fl *inflight) {
	if s.cfg.Route != "churn" || fl.segment != s.seg {
		return
	}
	r := &s.pub.route
	if !r.active {
		r.note(smp.Flags&(stats.FlagCompile|stats.FlagRecompile|stats.FlagFallback) != 0)
	} else {
		r.note(fl.routed && r.novel(s.routeKey(fl.item)))
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
	s.pub.route.turn(on)
	s.event(stats.Event{Kind: stats.KindRoute, Lane: "optimized", Mode: smp.Mode.String(), Strategy: smp.Strategy, Reason: why})
}
