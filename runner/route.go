package runner

import (
	"fmt"

	"tailscope/stats"
)

// The routing rule of TR120 7.4 as code: while shapes churn, a request whose
// shape has no executable goes to the eager session.
const (
	routeWindow = 100 // requests looked back on
	routeOn     = 5   // compiles in the window that start it
	routeOff    = 1   // new shapes in the window that end it
)

// routeState looks back on the last requests of the optimized lane.
type routeState struct {
	seen   [routeWindow]bool // a compile happened, or would have
	n      int
	active bool
	shapes map[string]bool // shapes that were routed away
}

// routeToEager decides for one request.
func (s *Session) routeToEager(it Item) bool {
	r := &s.pub.route
	if s.cfg.Route != "churn" || !r.active || it.Warmup {
		return false
	}
	return !s.join.known[s.routeKey(it)]
}

// routeKey is the key of Session.known for an item under current settings.
func (s *Session) routeKey(it Item) string {
	sh := Shaper{Strategy: s.strategy, Edges: s.cfg.BucketEdges, EagerInputs: s.cfg.EagerInputs}
	return it.Mode + s.strategy.Label(it.Mode) + fmt.Sprintf("%dx%d", it.Batch, sh.Exec(it.Tokens, it.PadTo)[1])
}

// routeSeen notes what a request of the optimized lane met and switches the
// rule on or off, with its evidence as an event.
func (s *Session) routeSeen(smp *stats.Sample, fl *inflight) {
	if s.cfg.Route != "churn" {
		return
	}
	r := &s.pub.route
	met := smp.Flags&(stats.FlagCompile|stats.FlagRecompile|stats.FlagFallback) != 0
	if r.active {
		met = !s.join.known[s.routeKey(fl.item)]
	}
	r.seen[r.n%routeWindow] = met
	r.n++
	count := 0
	for _, x := range r.seen[:min(r.n, routeWindow)] {
		if x {
			count++
		}
	}
	switch {
	case !r.active && count >= routeOn:
		r.active = true
		s.event(stats.Event{Kind: stats.KindRoute, Lane: "optimized", Mode: smp.Mode.String(), Strategy: smp.Strategy,
			Reason: fmt.Sprintf("%d of the last %d requests compiled or fell back (the rule allows %d): shapes without an executable go to the eager session", count, min(r.n, routeWindow), routeOn-1)})
	case r.active && r.n >= routeWindow && count <= routeOff:
		r.active = false
		s.event(stats.Event{Kind: stats.KindRoute, Lane: "optimized", Mode: smp.Mode.String(), Strategy: smp.Strategy,
			Reason: fmt.Sprintf("only %d of the last %d requests met a shape without an executable: compiling again", count, routeWindow)})
	}
}
