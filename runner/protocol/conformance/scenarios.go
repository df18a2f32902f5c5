package conformance

import (
	"slices"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

func stopAtOnce(e *engine) {
	e.load()
	e.stop()
}

// everyModeAndStrategy runs each prompt length twice, in all that hello
// offers, as far ahead as the credit allows.
func everyModeAndStrategy(e *engine) {
	e.load()
	for _, mode := range e.hello.Modes {
		if !slices.Contains(stats.ModeNames(e.loaded.Model.Kind), mode) && mode != "prefill" {
			continue // not for this model
		}
		for _, p := range words(e, mode, "prefill") {
			for _, d := range words(e, mode, "decode") {
				e.pass(mode, p, d)
			}
		}
	}
	e.idle()
	e.noErrors()
	e.noOverlap()
	e.stop()
}

// words are the strategies of a phase to try in a mode: all in the modes that
// have that phase alone, some where both come together.
func words(e *engine, mode, phase string) []string {
	all := e.hello.Strategies[phase]
	used := stats.ModeOf(mode).Times(stats.Phase(phase)) || phase == "prefill" && mode == "forward" // its strategies are called those of prefill
	switch {
	case !used || len(all) == 0:
		return []string{"eager"}
	case mode == "e2e_kv":
		return slices.DeleteFunc(slices.Clone(all), func(w string) bool {
			return !slices.Contains([]string{"padded", "eager", "static-cache", "variable"}, w)
		})
	}
	return all
}

func (e *engine) pass(mode, prefill, decode string) {
	for _, n := range slices.Repeat(e.o.Lengths, 2) {
		e.ask(e.request(mode, prefill, decode, n))
	}
}

func (e *engine) noErrors() {
	for _, r := range e.rows {
		if why := r.err(); why != "" {
			e.fail("%s, lane %s failed: %s", describe(r.r), r.b.Lane, why)
		}
	}
}

// noOverlap checks that no two timed regions ran at once.
func (e *engine) noOverlap() {
	rows := slices.Clone(e.rows)
	slices.SortFunc(rows, func(a, b row) int { return int(a.b.StartNs[a.i] - b.b.StartNs[b.i]) })
	for k := 1; k < len(rows); k++ {
		before, r := rows[k-1], rows[k]
		if end := before.b.StartNs[before.i] + before.b.WallNs[before.i]; end > r.b.StartNs[r.i] {
			e.fail("%s, lane %s overlaps %s, lane %s", describe(r.r), r.b.Lane, describe(before.r), before.b.Lane)
		}
	}
}

// compileOnce: a shape is compiled once, inside the sample that needed it.
func compileOnce(e *engine) {
	e.load()
	e.variable(slices.Repeat(e.o.Lengths[:1], 3))
	if n := e.compiles(); n > 1 {
		e.fail("%d compiles of one shape", n)
	}
	for _, r := range e.rows {
		cost := int64(0)
		if len(r.b.CompileNs) > 0 {
			cost = r.b.CompileNs[r.i]
		}
		told := slices.ContainsFunc(e.kind(stats.KindCompile, stats.KindRecompile), func(m *protocol.Event) bool {
			return m.Request != nil && *m.Request == r.r.ID && m.Lane == r.b.Lane
		})
		if told != (cost > 0) {
			e.fail("%s, lane %s: compile_ns %d, compile event %v", describe(r.r), r.b.Lane, cost, told)
		}
		if r.b.Lane == "eager" && told {
			e.fail("the eager lane compiled")
		}
	}
	e.stop()
}

// variable runs prompts of these lengths by the variable strategy.
func (e *engine) variable(lengths []int) {
	mode, _, decode := e.mode()
	if !e.offers("prefill", "variable") || mode != "prefill" {
		e.skip("no variable prefill")
	}
	for _, n := range lengths {
		e.ask(e.request(mode, "variable", decode, n))
	}
	e.idle()
}

func (e *engine) kind(of ...stats.Kind) []*protocol.Event {
	return slices.DeleteFunc(slices.Clone(e.events), func(m *protocol.Event) bool { return !slices.Contains(of, m.Kind) })
}

func (e *engine) compiles() int { return len(e.kind(stats.KindCompile, stats.KindRecompile)) }

// recompileLimit: with a limit of two and more shapes, the rest runs
// something else and says so.
func recompileLimit(e *engine) {
	e.o.Load.RecompileLimit = 2
	e.load()
	e.variable(slices.Repeat(e.o.Lengths, 2))
	e.noErrors()
	if len(e.kind(stats.KindCompile)) == 0 {
		e.skip("the engine compiles nothing")
	}
	if n := len(e.kind(stats.KindLimitReached)); n != 1 {
		e.fail("%d events limit_reached, want 1", n)
	}
	fell, want := len(e.kind(stats.KindFallback)), 2*(len(e.o.Lengths)-2)
	if fell != want {
		e.fail("%d fallbacks, want %d: every request beyond the limit", fell, want)
	}
	e.stop()
	for _, g := range e.count.Groups {
		if g.UniqueGraphs > 2 || !g.LimitReached || g.Fallbacks != want {
			e.fail("counters at a limit of 2: %+v", g)
		}
	}
}

// clearCache: what was compiled is compiled again after clear.
func clearCache(e *engine) {
	e.load()
	if !e.has("clear") {
		e.skip("no feature clear")
	}
	e.run(1)
	first := e.compiles()
	e.send(&protocol.Clear{ID: 71})
	c, ok := e.answer().(*protocol.Cleared)
	if !ok || c.ID != 71 || c.Freed != first {
		e.fail("clear was answered by %+v, want id 71 and %d freed", c, first)
	}
	e.run(1)
	if again := e.compiles(); again != 2*first {
		e.fail("%d compiles in all after clear, want %d", again, 2*first)
	}
	e.stop()
}

// answer waits for the answer to flush, clear or profile.
func (e *engine) answer() any {
	e.answered = nil
	e.until("answer", func() bool { return len(e.answered) > 0 })
	return e.answered[0]
}

// setLimit: a raised limit holds for what comes after it.
func setLimit(e *engine) {
	e.o.Load.RecompileLimit = 1
	e.load()
	if !e.has("set") {
		e.skip("no feature set")
	}
	e.variable(e.o.Lengths[:2])
	before := len(e.kind(stats.KindFallback))
	e.send(&protocol.Set{RecompileLimit: new(8)})
	e.variable(slices.Repeat(e.o.Lengths[:2], 2))
	if before == 0 && len(e.kind(stats.KindCompile)) > 0 {
		e.fail("no fallback at a limit of 1")
	}
	if after := len(e.kind(stats.KindFallback)); after > before {
		e.fail("%d fallbacks more after the limit was raised", after-before)
	}
	e.stop()
}

// oneLane: requests for one lane alone, the same id for each.
func oneLane(e *engine) {
	e.load()
	for _, lane := range stats.Lanes {
		r := e.plain(e.o.Lengths[0])
		r.ID, r.Order = 900, []string{lane}
		e.ask(r)
		e.idle()
	}
	e.noErrors()
	e.stop()
}

// abTwin: in an A/A request nothing is compiled.
func abTwin(e *engine) {
	e.load()
	if !e.has("aa") {
		e.skip("no feature aa")
	}
	for range 3 {
		r := e.plain(e.o.Lengths[0])
		r.AA = true
		e.ask(r)
	}
	e.idle()
	e.noErrors()
	backends := map[string]bool{}
	for _, r := range e.rows {
		backends[r.b.Backend] = true
	}
	if len(backends) != 1 || len(e.kind(stats.KindCompile)) > 0 {
		e.fail("an A/A run used the backends %v and made %d executables", backends, len(e.kind(stats.KindCompile)))
	}
	e.stop()
}

// badRequests: what cannot run is answered with an error in each lane.
func badRequests(e *engine) {
	e.load()
	mode, prefill, decode := e.mode()
	var bad []*protocol.Request
	for _, m := range modes {
		if !slices.Contains(e.hello.Modes, m) {
			bad = append(bad, e.request(m, prefill, decode, e.o.Lengths[0]))
		}
	}
	if mode != "forward" {
		short := e.plain(9)
		short.Exec = [2]int{3, 3}
		bad = append(bad, short)
	}
	if n := e.loaded.Model.MaxPositions; n > 0 {
		bad = append(bad, e.plain(n+1))
	}
	for _, r := range bad {
		e.ask(r)
		e.idle()
	}
	for _, r := range e.rows {
		if r.err() == "" {
			e.fail("%s, lane %s ran, but it cannot", describe(r.r), r.b.Lane)
		}
	}
	e.run(1)
	e.stop()
}
