package tune

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/stats"
)

const (
	optionsHeat  = "options"
	optionsAhead = .7 // of its time: what workers and their executables may take
)

// options races what needs a worker of its own, all under the strategy picked.
func (t *tuner) options(ctx context.Context) error {
	loaded := t.first.ready.Loaded
	all := setups(t.cfg, loaded.Provider, cmp.Or(loaded.Threads, t.cfg.Threads))
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
	making := time.Now().Add(time.Duration(optionsAhead * float64(time.Until(until))))
	each := time.Duration(cands[1].firsts) * t.made.each()
	for i, s := range all {
		if time.Now().Add(t.first.startNs + time.Duration(len(cands))*each).After(making) { // a start, and executables for it and those before
			t.leave(all[i:], fmt.Sprintf("no time was left: a start takes about %s, executables %s, and %s for both were left", round(t.first.startNs), round(each), round(max(0, time.Until(making)))))
			break
		}
		t.say("starting a worker with " + s.Name)
		c := cands[1]
		c.name, c.setup = st.String()+" with "+s.Name, len(t.setups)
		cfg, err := s.config(t.cfg)
		if err == nil {
			t.workers[c.setup], err = start(ctx, t.o.Open, cfg)
		}
		if ctx.Err() != nil {
			t.leave(all[i:], "")
			return nil
		}
		if err != nil {
			c.lacks = err.Error()
		}
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
	err = t.ahead(ctx, h, time.Until(making))
	if err == nil {
		err = t.begin(h, until)
	}
	if err == nil {
		err = t.run(ctx, h)
	}
	t.finished(h)
	return err
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
