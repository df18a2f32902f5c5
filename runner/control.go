package runner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// command carries out one wish of the user. A change of what runs flushes
// what is queued, is an event, and starts a segment once the worker has
// answered.
func (s *Session) command(c view.Command) {
	if s.end != nil && c.Action != view.ActExport {
		if c.Action == view.ActQuit {
			if s.end.leaving() {
				s.hurry() // asked twice
			}
			if s.end.Err == nil {
				s.end.Reason = "quit"
			}
		}
		return
	}
	switch c.Action {
	case view.ActQuit:
		s.finish("quit")
	case view.ActPause:
		s.pause()
	case view.ActExport:
		s.exportNow()
	case view.ActMark:
		s.rec.event(stats.Event{Kind: stats.KindMark, Reason: c.Arg})
	case view.ActFind:
		s.pub.found = s.rec.kept.Find(c.Find)
	case view.ActWindow:
		s.pub.window = c.D
		s.rec.coll.SetWindow(int64(c.D))
	default:
		if s.eng.loaded == nil {
			if len(s.later) < maxLater {
				s.later = append(s.later, c)
				s.pub.notice("info", "the worker is loading; what you asked for comes after that")
			}
			return
		}
		s.change(c)
	}
}

// maxLater bounds the commands that wait for a worker.
const maxLater = 16

// catchUp does what was asked for while no worker could be asked.
func (s *Session) catchUp() {
	later := s.later
	s.later = nil
	for _, c := range later {
		s.change(c)
	}
}

// change handles the commands that need a worker.
func (s *Session) change(c view.Command) {
	switch c.Action {
	case view.ActStrategy:
		s.setStrategy(c.Arg)
	case view.ActAA:
		s.setAA()
	case view.ActEdges:
		s.setEdges(c.Edges)
	case view.ActRate:
		s.setRate(c.X)
	case view.ActMode:
		s.setMode(c.Arg)
	case view.ActScenario:
		s.setScenario(c.Arg)
	case view.ActPairing:
		s.setPairing(c.Arg)
	case view.ActStance:
		s.setStance(c.Arg)
	case view.ActSegment:
		s.toggle("new segment", "marked")
		s.retry()
	case view.ActWarm:
		s.warm()
	case view.ActStopWarm:
		s.pub.notice("info", fmt.Sprintf("%d warm-ups dropped; what has begun ends", s.queue.dropWarming()))
	case view.ActClear:
		s.eng.ask(&protocol.Clear{ID: s.eng.nextAsk()})
		s.toggle("compile cache cleared: a cold start on purpose", "cleared")
	case view.ActProfile:
		s.profile(c.N)
	}
}

// toggle records a change and flushes the queue; the segment starts when the
// worker has answered. note is what the segment's label says of it beside the
// settings, "" where those say it.
func (s *Session) toggle(reason, note string) {
	s.rec.event(stats.Event{Kind: stats.KindToggle, Mode: s.queue.mode(), Strategy: s.set.strategy.Label(s.queue.mode()), Reason: reason})
	s.notes = append(s.notes, note)
	if s.eng.proc == nil {
		s.queue.reshelve(nil, s.set) // between two workers there is nothing to flush
	}
	s.eng.flush()
}

// setAA turns the optimized lane off or on again.
func (s *Session) setAA() {
	if !s.eng.offers("aa") {
		s.pub.notice("warn", "this engine has no second eager session"+s.eng.because("aa"))
		return
	}
	reason := "optimized lane on"
	if s.set.aa = !s.set.aa; s.set.aa {
		reason = "optimized lane off: A/A"
	}
	s.toggle(reason, "")
}

// setStrategy switches the optimized lane's strategy; an empty word, or the
// word in force, goes back to the configured one, and from there to variable.
func (s *Session) setStrategy(word string) {
	next := s.base
	if word != "" {
		st, err := plan.ParseStrategy(word)
		if err != nil {
			s.pub.notice("error", err.Error())
			return
		}
		if st != s.set.strategy {
			next = st
		}
	}
	if next == s.set.strategy {
		if next = (plan.Strategy{Prefill: "variable", Decode: "variable"}); next == s.set.strategy {
			return
		}
	}
	if lack := s.eng.lacks(s.queue.mode(), next); lack != "" {
		s.pub.notice("warn", "this engine cannot run "+lack)
		return
	}
	old := s.set.strategy
	s.set.strategy = next
	s.compileFirst()
	s.toggle(fmt.Sprintf("strategy %s → %s", old, next), "")
}

// setEdges brings bucketed prompts into force, with these edges.
func (s *Session) setEdges(edges []int) {
	next := plan.Strategy{Prefill: "bucketed", Decode: s.set.strategy.Decode}
	if lack := s.eng.lacks(s.queue.mode(), next); lack != "" {
		s.pub.notice("warn", "this engine cannot run "+lack)
		return
	}
	for i, e := range edges {
		if e < 1 || i > 0 && e <= edges[i-1] {
			s.pub.notice("error", fmt.Sprintf("bucket edges must grow from 1 on: %v", edges))
			return
		}
	}
	s.cfg.BucketEdges = edges // the session's own copy
	s.rec.coll.SetBucketEdges(edges)
	s.set.strategy = next
	s.compileFirst()
	text := "powers of two"
	if len(edges) > 0 {
		text = strings.Trim(fmt.Sprint(edges), "[]")
	}
	s.toggle("bucket edges "+text, "edges "+text)
}

// setRate changes the load: requests a second, 0 for one after the other.
func (s *Session) setRate(rate float64) {
	if !(rate >= 0 && rate < 1e6) {
		s.pub.notice("error", fmt.Sprintf("%v requests a second cannot be run", rate))
		return
	}
	if s.cfg.Arrivals == "recorded" {
		s.pub.notice("warn", "requests arrive at the times of the traffic file: they have no rate")
		return
	}
	old := s.cfg.Rate
	s.cfg.Rate, s.queue.dueNs = rate, 0
	note := "closed loop"
	if rate > 0 {
		note = fmt.Sprintf("%g/s", rate)
	}
	s.toggle(fmt.Sprintf("rate %g → %g requests a second", old, rate), note)
}

func (s *Session) setMode(arg string) {
	if arg == "" {
		arg = after(slices.DeleteFunc(slices.Clone(s.eng.hello.Modes), func(m string) bool { return !slices.Contains(stats.ModeNames(stats.CausalLM), m) }), s.queue.mode())
	}
	if arg == s.queue.mode() {
		s.pub.notice("info", "this model has no other mode")
		return
	}
	if lack := s.eng.lacks(arg, s.set.strategy); lack != "" {
		s.pub.notice("warn", "this engine cannot run "+lack)
		return
	}
	if s.eng.loaded.Model.Kind != stats.CausalLM || !slices.Contains(stats.ModeNames(stats.CausalLM), arg) {
		s.pub.notice("info", "this model has no other mode")
		return
	}
	rest := append([]string{arg}, slices.DeleteFunc(slices.Clone(s.queue.modes), func(m string) bool { return m == arg })...)
	if s.cfg.Reps == 0 {
		rest = rest[:1]
	}
	old := s.queue.mode()
	if !s.queue.ends() {
		s.queue.drop()
	}
	if err := s.enterMode(arg, rest); err != nil {
		s.pub.notice("error", err.Error())
		return
	}
	s.toggle(fmt.Sprintf("mode %s → %s", old, arg), "")
}

func (s *Session) setScenario(arg string) {
	switch {
	case s.o.Traffic != nil:
		s.pub.notice("warn", "requests are those of the traffic file: there are no scenarios")
		return
	case s.queue.mode() == stats.Forward.String():
		s.pub.notice("warn", "this model has no prompts, hence no scenarios")
		return
	}
	all := []string{"*"}
	for _, sc := range s.cfg.Scenarios {
		all = append(all, sc.Name)
	}
	old := cmp.Or(s.set.scenario, "*")
	arg = cmp.Or(arg, after(all, old))
	if !slices.Contains(all, arg) {
		s.pub.notice("error", fmt.Sprintf("no scenario named %q", arg))
		return
	}
	s.set.scenario = arg
	s.queue.restart()
	if err := s.enterMode(s.queue.mode(), s.queue.modes); err != nil {
		s.pub.notice("error", err.Error())
		return
	}
	s.toggle(fmt.Sprintf("scenarios %s → %s", old, arg), "")
}

func (s *Session) setPairing(arg string) {
	offered := []string{"interleaved", "sequential"}
	if slices.Contains(s.eng.hello.Pairings, "concurrent") {
		offered = append(offered, "concurrent")
	}
	old := s.set.pairing
	arg = cmp.Or(arg, after(offered, old))
	if !slices.Contains(offered, arg) {
		s.pub.notice("warn", "this engine cannot run the pairing "+arg+s.eng.because(arg))
		return
	}
	s.set.pairing = arg
	if !s.queue.ends() {
		s.queue.drop()
	}
	s.toggle(fmt.Sprintf("pairing %s → %s", old, arg), "")
}

// setStance changes what the compiler does with a new shape, where the engine
// lets it change while it runs (torch.compiler.set_stance).
func (s *Session) setStance(arg string) {
	offered, old := s.eng.hello.Stances, s.eng.stance(s.cfg.Options["stance"])
	if len(offered) == 0 {
		s.pub.notice("warn", "this engine has no stances"+s.eng.because("stance"))
		return
	}
	arg = cmp.Or(arg, after(offered, old))
	if !slices.Contains(offered, arg) {
		s.pub.notice("warn", "this engine has no stance "+arg)
		return
	}
	s.eng.set(map[string]string{"stance": arg})
	s.toggle(fmt.Sprintf("stance %s → %s", old, arg), "stance "+arg)
}

// after returns the word behind w, the first behind the last.
func after(words []string, w string) string { return words[(slices.Index(words, w)+1)%len(words)] }
