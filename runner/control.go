package runner

import (
	"fmt"
	"maps"
	"slices"

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
			if s.proc != nil && s.end.Reason == "quit" {
				s.proc.Kill() // asked twice: do not wait for what is in hand
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
		s.export()
	case view.ActMark:
		s.event(stats.Event{Kind: stats.KindMark, Reason: c.Arg})
	case view.ActWindow:
		s.pub.window = c.D
		s.coll.SetWindow(int64(c.D))
	default:
		if s.loaded == nil {
			if len(s.later) < maxLater {
				s.later = append(s.later, c)
				s.notice("info", "the worker is loading; what you asked for comes after that")
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
		if !contains(s.hello.Features, "aa") {
			s.notice("warn", "this engine has no second eager session"+because(s.hello.Lacks["aa"]))
			return
		}
		s.aa = !s.aa
		s.toggle(map[bool]string{true: "optimized lane off: A/A", false: "optimized lane on"}[s.aa], "A/A")
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
	case view.ActWarm:
		s.warm()
	case view.ActClear:
		s.work.askID++
		s.proc.Send(&protocol.Clear{ID: s.work.askID})
		s.toggle("compile cache cleared: a cold start on purpose", "cleared")
	case view.ActProfile:
		s.profile(c.N)
	case view.ActOptions:
		s.setOptions(c.Options)
		s.toggle(fmt.Sprintf("engine options %v", c.Options), fmt.Sprint(c.Options))
	}
}

// toggle records a change and flushes the queue; the segment starts when the
// worker has answered.
func (s *Session) toggle(reason, label string) {
	s.event(stats.Event{Kind: stats.KindToggle, Mode: s.mode(), Strategy: s.strategy.Label(s.mode()), Reason: reason})
	s.labels = append(s.labels, label)
	if s.proc == nil {
		s.reshelve(nil) // between two workers there is nothing to flush
	}
	s.flush()
}

// setStrategy switches the optimized lane's strategy; an empty word, or the
// word in force, goes back to the configured one, and from there to variable.
func (s *Session) setStrategy(word string) {
	next := s.base
	if word != "" && word != s.strategy.String() {
		st, err := ParseStrategy(word)
		if err != nil {
			s.notice("error", err.Error())
			return
		}
		next = st
	}
	if next == s.strategy {
		if next = (Strategy{"variable", "variable"}); next == s.strategy {
			return
		}
	}
	old := s.strategy
	s.strategy = next
	if lack := s.lacks(s.mode()); lack != "" {
		s.strategy = old
		s.notice("warn", "this engine cannot run "+lack)
		return
	}
	s.compileFirst()
	s.toggle(fmt.Sprintf("strategy %s → %s", old, next), next.String())
}

func (s *Session) setMode(arg string) {
	if arg == "" {
		arg = after(slices.DeleteFunc(slices.Clone(s.hello.Modes), func(m string) bool { return m == "forward" }), s.mode())
	}
	if arg == s.mode() {
		s.notice("info", "this model has no other mode")
		return
	}
	if lack := s.lacks(arg); lack != "" {
		s.notice("warn", "this engine cannot run "+lack)
		return
	}
	if s.loaded.Model.Kind != "causal-lm" || arg == "forward" {
		s.notice("info", "this model has no other mode")
		return
	}
	rest := append([]string{arg}, slices.DeleteFunc(slices.Clone(s.modes), func(m string) bool { return m == arg })...)
	if s.cfg.Reps == 0 {
		rest = rest[:1]
	}
	old := s.mode()
	if !s.ends() {
		s.work.again, s.work.block = nil, nil
	}
	if err := s.enterMode(arg, rest); err != nil {
		s.notice("error", err.Error())
		return
	}
	s.toggle(fmt.Sprintf("mode %s → %s", old, arg), arg)
}

func (s *Session) setScenario(arg string) {
	all := []string{"*"}
	for _, sc := range s.cfg.Scenarios {
		all = append(all, sc.Name)
	}
	old := s.scenario
	if old == "" {
		old = "*"
	}
	if arg == "" {
		arg = after(all, old)
	}
	if !contains(all, arg) {
		s.notice("error", fmt.Sprintf("no scenario named %q", arg))
		return
	}
	s.scenario = arg
	clear(s.plans)
	clear(s.work.later)
	s.work.again, s.work.block, s.work.blockLen = nil, nil, 0
	if err := s.enterMode(s.mode(), s.modes); err != nil {
		s.notice("error", err.Error())
		return
	}
	s.toggle(fmt.Sprintf("scenarios %s → %s", old, arg), arg)
}

func (s *Session) setPairing(arg string) {
	offered := []string{"interleaved", "sequential"}
	if contains(s.hello.Pairings, "concurrent") {
		offered = append(offered, "concurrent")
	}
	old := s.pairing
	if arg == "" {
		arg = after(offered, old)
	}
	if !contains(offered, arg) {
		s.notice("warn", "this engine cannot run the pairing "+arg+because(s.hello.Lacks[arg]))
		return
	}
	s.pairing = arg
	if !s.ends() {
		s.work.again, s.work.block, s.work.blockLen = nil, nil, 0
	}
	s.toggle(fmt.Sprintf("pairing %s → %s", old, arg), arg)
}

// setStance changes what the compiler does with a new shape, where the engine
// lets it change while it runs (torch.compiler.set_stance).
func (s *Session) setStance(arg string) {
	offered, old := s.hello.Stances, s.stance()
	if len(offered) == 0 {
		s.notice("warn", "this engine has no stances"+because(s.hello.Lacks["stance"]))
		return
	}
	if arg == "" {
		arg = after(offered, old)
	}
	if !contains(offered, arg) {
		s.notice("warn", "this engine has no stance "+arg)
		return
	}
	s.setOptions(map[string]string{"stance": arg})
	s.toggle(fmt.Sprintf("stance %s → %s", old, arg), "stance "+arg)
}

// stance is the one in force; empty where the engine has none.
func (s *Session) stance() string {
	if s.hello == nil || len(s.hello.Stances) == 0 {
		return ""
	}
	if now := s.loadMessage().Options["stance"]; now != "" {
		return now
	}
	return s.hello.Stances[0]
}

// setOptions tells the worker, and keeps what it was told for the worker that
// may follow it.
func (s *Session) setOptions(options map[string]string) {
	s.proc.Send(&protocol.Set{Options: options})
	kept := maps.Clone(s.o.Engines)
	if kept == nil {
		kept = map[string]string{}
	}
	maps.Copy(kept, options)
	s.o.Engines = kept
}

// after returns the word behind w, the first behind the last.
func after(words []string, w string) string {
	return words[(slices.Index(words, w)+1)%len(words)]
}
