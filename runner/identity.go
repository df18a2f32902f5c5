package runner

import (
	"cmp"
	"slices"

	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// Identity is what is known of the lanes besides samples: the ground on which
// a lane is called compiled. A replay builds it from a recorded session.
type Identity struct {
	Loaded     *protocol.Loaded // nil: nothing is loaded yet
	Strategies map[string][]string
	Counters   protocol.Counters
	Evidence   []protocol.Evidence
	Mode       string
	Strategy   plan.Strategy
	AA         bool
	Limit      int // recompile limit asked for
}

// Lane says what a lane is, from evidence and counters alone.
func (s Identity) Lane(l stats.Lane) view.Lane {
	v := view.Lane{CompilerReal: "unknown"}
	if s.Loaded == nil {
		return v
	}
	v.Precision = s.Loaded.Precision
	checks := s.Counters.Checks.Of(s.Mode)
	v.Checks, v.Diverged, v.MaxRelL2 = checks.N, checks.Failed, checks.MaxRelL2
	if l == stats.Eager || s.AA {
		v.CompilerReal, v.Why = "no", "eager by design"
		if l == stats.Optimized {
			v.Why = "A/A: a second eager session"
		}
		return v
	}
	for _, g := range s.groups() {
		v.UniqueGraphs += g.UniqueGraphs
		v.Limit = max(v.Limit, g.RecompileLimit)
		v.Compiles += g.Compiles + g.Recompiles
		v.Fallbacks += g.Fallbacks
		v.CompileNs += g.CompileNs
		v.CacheBytes += g.Bytes
	}
	v.Limit = cmp.Or(v.Limit, s.Limit)
	v.CompilerReal, v.Why = s.compilerReal(&v)
	return v
}

// groups are the counters of the current mode and strategy.
func (s Identity) groups() []protocol.Counter {
	return slices.DeleteFunc(slices.Clone(s.Counters.Groups), func(g protocol.Counter) bool { return !s.covers(g.Mode, g.Strategy) })
}

// covers reports whether counters or evidence under these names belong to the
// current mode and strategy. Engines name a strategy by its word, or by both
// phases in e2e_kv.
func (s Identity) covers(mode, strategy string) bool {
	if mode != s.Mode {
		return false
	}
	w := plan.Strategy(s.Strategy.Wire(s.Strategies))
	return strategy == w.Label(mode) || mode == stats.E2EKV.String() &&
		(strategy == s.Strategy.String() || strategy == "prefill="+w.Prefill+",decode="+w.Decode)
}

// compilerReal is judged by the executables and counters of the strategy in force.
func (s Identity) compilerReal(v *view.Lane) (verdict, why string) {
	ev := stats.Evidence{Eager: s.Strategy.Label(s.Mode) == "eager", Counted: v.Compiles > 0, Compiles: v.Compiles, Fallbacks: v.Fallbacks}
	for _, g := range s.groups() {
		if g.LimitReached {
			ev.Full = g.RecompileLimit
		}
	}
	for _, e := range s.Evidence {
		if e.Lane == stats.Optimized.String() && s.covers(e.Mode, e.Strategy) {
			ev.Executables = append(ev.Executables, e.Backend())
		}
	}
	return stats.CompilerReal(&ev)
}
