package tune

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/stats"
)

const (
	optionsHeat  = "options"
	optionsAhead = .75 // of its time: what workers and their executables may take
)

// options races what needs a worker of its own, all under the strategy picked.
func (t *tuner) options(ctx context.Context) error {
	all := t.allSetups()
	st, edges := t.picked()
	until := t.strategiesEnd().Add(time.Duration(sharesOf(t.cfg.Engine).options * float64(t.o.Duration)))
	if (st.Prefill == "eager" && st.Decode == "eager") || !t.o.Setups || ctx.Err() != nil {
		t.leave(all, "")
		return nil
	}
	mode := t.mode()
	if why := t.first.ready.Lacks(mode, st); why != "" {
		t.leave(all, why)
		return nil
	}
	cands := []candidate{{name: "eager", lane: stats.Eager, strategy: plan.Strategy{Prefill: "eager", Decode: "eager"}},
		{name: st.String(), lane: stats.Optimized, strategy: st, edges: edges}}
	if err := t.count(mode, &cands[1]); err != nil {
		return err
	}
	least := time.Duration(leastRace * float64(time.Until(until)))
	made := time.Now().Add(time.Duration(optionsAhead * float64(time.Until(until))))
	all = slices.DeleteFunc(all, func(s setup) bool {
		why := s.unfit(mode, st)
		if why != "" {
			t.leave([]setup{s}, why)
			t.dismiss(s)
		}
		return why != ""
	})
	all = t.inTime(ctx, all, mode, cands[1].firsts, made)
	for i, s := range all {
		t.say("starting a worker with " + s.Name)
		x := t.starts(ctx, s)
		if t.wait("starting a worker with "+s.Name, x); ctx.Err() != nil {
			t.leave(all[i:], "")
			return nil
		}
		c := cands[1]
		c.name, c.setup = st.String()+" with "+s.Name, len(t.setups)
		if t.workers[c.setup] = x.w; x.err != nil {
			c.lacks = x.err.Error()
		}
		delete(t.starting, s.Name)
		t.setups = append(t.setups, s)
		cands = append(cands, c)
	}
	if len(cands) == 2 {
		return nil
	}
	h, err := t.newHeat(optionsHeat, mode, cands, until)
	if err != nil {
		return err
	}
	t.heats = append(t.heats, h)
	err = t.ahead(ctx, h, time.Until(made))
	t.settle()
	if err == nil {
		err = t.withoutEager(h)
	}
	if soonest := time.Now().Add(least); until.Before(soonest) { // a worker that would not stop outlasted its time
		until = soonest
	}
	if err == nil {
		err = t.begin(h, until)
	}
	if err == nil {
		err = t.run(ctx, h)
	}
	t.finished(h)
	return err
}

// allSetups are the options of the engine that need a worker of their own.
func (t *tuner) allSetups() []setup {
	l := t.first.ready.Loaded
	return setups(t.cfg, l.Provider, cmp.Or(l.Threads, t.cfg.Threads))
}

// inTime are the setups whose workers can be there, with their executables, at a
// moment, each with those before it; they start at once, as far as they may. The
// others are noted.
func (t *tuner) inTime(ctx context.Context, all []setup, mode string, firsts int, moment time.Time) (in []setup) {
	each := time.Duration(firsts) * t.made.each()
	var rounds, begins time.Duration // what compiles one after another, and starts so
	if len(t.heats) != 1 || t.heats[0].mode != mode {
		rounds = each // the first worker's, which has made other modes' so far
	}
	beside, n := false, t.abreast()
	var out []setup
	for i, s := range all {
		together, r, b := !s.measures() && i < n, rounds, begins
		if !together || !beside {
			r += each
		}
		if t.starting[s.Name] == nil && (i >= n || b == 0) {
			b += t.first.startNs
		}
		if time.Now().Add(b + r).After(moment) {
			out = append(out, s)
			continue
		}
		rounds, begins, beside, in = r, b, beside || together, append(in, s)
		if i < n {
			t.starts(ctx, s)
		}
	}
	if len(out) > 0 {
		t.leave(out, fmt.Sprintf("no time was left: a start takes about %s, executables %s, and %s for these and those before were left", round(t.first.startNs), round(each), round(max(0, time.Until(moment)))))
	}
	return in
}

// withoutEager takes eager out of a race of options where it was told to be worse
// in every race of strategies, and two others race: it still runs now and then.
func (t *tuner) withoutEager(h *heat) error {
	var than []string
	for _, x := range t.heats {
		if x != h {
			if !x.race.Standing()[0].Told {
				return nil
			}
			than = append(than, x.name)
		}
	}
	left := 0
	for _, row := range h.race.Standing() {
		if row.Out == "" {
			left++
		}
	}
	if left < 3 || h.race.Standing()[0].Out != "" {
		return nil
	}
	return t.drop(h, 0, "told to be worse in the race of "+strings.Join(than, " and of "))
}

// leave says what was not tried.
func (t *tuner) leave(all []setup, why string) {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	if why != "" {
		why = " (" + why + ")"
	}
	if len(names) > 0 {
		t.notTried = append(t.notTried, strings.Join(names, ", ")+why)
	}
}
