package runner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/stats"
)

// noteMissed says what of the plan a run did not come to that time or a stop
// rule ended: modes and scenarios without a sample, modes cut short. It is one
// sentence, an event, and part of the result.
func (s *Session) noteMissed() {
	if s.end == nil || s.end.Err != nil || s.observes() || s.end.Reason == "repetitions" || s.end.Reason == "quit" {
		return
	}
	var parts, never []string
	for _, mode := range s.cfg.Modes {
		done, without := s.measured(mode)
		switch total := s.queue.total(mode); {
		case s.queue.plans[mode] == nil:
			never = append(never, mode)
		case done == 0 && without == "" && s.cfg.Warmup > 0:
			parts = append(parts, mode+" did not get past its warm-up")
		case done == 0 && without == "":
			parts = append(parts, "no request of "+mode+" finished")
		case s.queue.unfinished(mode):
			parts = append(parts, fmt.Sprintf("%s was cut short after %d of %d requests", mode, done, total)+without)
		case without != "":
			parts = append(parts, mode+" ran"+without)
		}
	}
	switch len(never) {
	case 0:
	case 1:
		parts = append(parts, never[0]+" was not reached")
	default:
		parts = append(parts, listed(never)+" were not reached")
	}
	if len(parts) == 0 {
		return
	}
	s.end.Missed = "The run ended before its plan: " + strings.Join(parts, "; ") + "." + s.compilesLeft()
	s.rec.event(stats.Event{Kind: stats.KindMark, Reason: s.end.Missed, Extra: map[string]any{"missed": parts}})
}

// measured counts the requests of a mode that all its lanes have finished, and
// says what it ran without: a lane, or the scenarios of its plan that have none
// in some lane. A mode without any sample ran without nothing.
func (s *Session) measured(mode string) (done int, without string) {
	n, in := s.tally(stats.ModeOf(mode))
	if len(n) == 0 || s.queue.plans[mode] == nil {
		return 0, ""
	}
	least := func(of map[stats.Lane]int) stats.Lane {
		return slices.MinFunc(s.eng.lanes(), func(a, b stats.Lane) int { return cmp.Compare(of[a], of[b]) })
	}
	if l := least(in); in[l] == 0 {
		return 0, fmt.Sprintf(" without the %s lane", l)
	}
	for _, of := range n {
		done += of[least(of)]
	}
	var idle []string
	for _, sc := range s.queue.plans[mode].Scenarios {
		if of := n[sc.Name]; of[least(of)] == 0 {
			idle = append(idle, sc.Name)
		}
	}
	switch len(idle) {
	case 0:
		return done, ""
	case 1:
		return done, " without the scenario " + idle[0]
	}
	return done, " without the scenarios " + listed(idle)
}

// tally counts the samples of a mode that count, by scenario and lane and by
// lane alone.
func (s *Session) tally(mode stats.Mode) (n map[string]map[stats.Lane]int, in map[stats.Lane]int) {
	n, in = map[string]map[stats.Lane]int{}, map[stats.Lane]int{}
	for k, c := range s.join.nth {
		if k.mode != mode || k.warmup || *c == 0 {
			continue
		}
		if n[k.scenario] == nil {
			n[k.scenario] = map[stats.Lane]int{}
		}
		n[k.scenario][k.lane] += int(*c)
		in[k.lane] += int(*c)
	}
	return n, in
}

// listed is "a, b and c".
func listed(words []string) string {
	n := len(words) - 1
	if n < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n], ", ") + " and " + words[n]
}

// compilesLeft says, of a run that compiling kept from its plan, how long one
// executable takes, how many are to come at the least, and what makes them
// beforehand; "" where compiling took less than a quarter of the run.
func (s *Session) compilesLeft() string {
	var n int
	var ns int64
	for _, g := range s.eng.counters.Groups {
		n += g.Compiles + g.Recompiles
		ns += g.CompileNs
	}
	if n == 0 || ns*4 < clock.Monotonic()-s.startNs {
		return ""
	}
	text := fmt.Sprintf(" An executable took %s on average, %d were made", (time.Duration(ns) / time.Duration(n)).Round(time.Millisecond), n)
	if p := s.queue.plans[s.queue.mode()]; p != nil {
		if left := min(len(p.Shapes(s.cfg.Limit())), s.cfg.Limit()) - n; left > 0 {
			text += fmt.Sprintf(", about %d more are to come", left)
		}
	}
	if s.cfg.Compile == "warmup" {
		return text + "."
	}
	return text + "; --set compile=warmup makes them before anything counts."
}
