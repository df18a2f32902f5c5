package runner

import (
	"fmt"
	"sort"
	"strings"

	"tailscope/runner/protocol"
	"tailscope/runner/view"
	"tailscope/stats"
)

// laneView says what a lane is, from evidence and counters alone.
func (s *Session) laneView(l stats.Lane) view.Lane {
	v := view.Lane{CompilerReal: "unknown"}
	if s.loaded == nil {
		return v
	}
	v.Backend = s.loaded.Backends[l.String()]
	v.Checks, v.Diverged, v.MaxRelL2 = s.counters.Checks.N, s.counters.Checks.Failed, s.counters.Checks.MaxRelL2
	if l == stats.Eager || s.aa {
		v.CompilerReal, v.Why = "no", "eager by design"
		if l == stats.Optimized {
			v.Backend, v.Why = s.loaded.Backends["eager"], "A/A: a second eager session"
		}
		return v
	}
	for _, g := range s.counterGroups() {
		v.UniqueGraphs += g.UniqueGraphs
		v.Limit = max(v.Limit, g.RecompileLimit)
		v.Compiles += g.Compiles + g.Recompiles
		v.Fallbacks += g.Fallbacks
		v.CompileNs += g.CompileNs
		v.CacheBytes += g.Bytes
	}
	if v.Limit == 0 {
		v.Limit = s.cfg.RecompileLimit
	}
	v.CompilerReal, v.Why = s.compilerReal(&v)
	v.Evidence = s.evidenceSummary()
	return v
}

// counterGroups are the counters of the current mode and strategy; in e2e_kv
// those of both phases, which an engine may count under their own modes.
func (s *Session) counterGroups() []protocol.Counter {
	var out []protocol.Counter
	mode, w := s.mode(), protocol.Strategy{}
	if s.hello != nil {
		w = s.strategy.wire(s.hello.Strategies)
	}
	for _, g := range s.counters.Groups {
		switch {
		case g.Mode != mode:
		case mode == "prefill" && g.Strategy == w.Prefill, mode == "forward" && g.Strategy == w.Prefill,
			mode == "kv_decode" && g.Strategy == w.Decode,
			mode == "e2e_kv":
			out = append(out, g)
		}
	}
	return out
}

// compilerReal is DESIGN's rule: requested and actual backend agree, a
// compile happened, no fallback.
func (s *Session) compilerReal(v *view.Lane) (verdict, why string) {
	for _, e := range s.evidence {
		if e.Mode != s.mode() || e.Lane != "optimized" {
			continue
		}
		if e.FallbackFrom != "" {
			return "no", fmt.Sprintf("fallback from %s: %s", e.FallbackFrom, e.FallbackError)
		}
		if e.BackendRequested != e.BackendActual {
			return "no", fmt.Sprintf("asked for %s, got %s", e.BackendRequested, e.BackendActual)
		}
	}
	switch {
	case s.strategy.Label(s.mode()) == "eager":
		return "no", "strategy eager: not compiled"
	case v.Compiles == 0:
		return "unknown", "no compile seen yet"
	case v.Fallbacks > 0:
		return "no", fmt.Sprintf("%d requests fell back to eager", v.Fallbacks)
	}
	return "yes", fmt.Sprintf("%d executables made, no fallback", v.Compiles)
}

// evidenceSummary sums up where the nodes of the newest probed graph ran.
func (s *Session) evidenceSummary() string {
	for i := len(s.evidence) - 1; i >= 0; i-- {
		e := &s.evidence[i]
		if e.Mode != s.mode() || len(e.NodesPerProvider) == 0 && e.NodesAfter == 0 {
			continue
		}
		var parts []string
		total := 0
		for _, n := range e.NodesPerProvider {
			total += n
		}
		for _, p := range byCount(e.NodesPerProvider) {
			parts = append(parts, fmt.Sprintf("%d of %d nodes on %s", e.NodesPerProvider[p], total, p))
		}
		if e.NodesBefore > 0 && e.NodesAfter > 0 {
			parts = append(parts, fmt.Sprintf("%d → %d nodes", e.NodesBefore, e.NodesAfter))
		}
		return strings.Join(parts, ", ")
	}
	return ""
}

func byCount(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		if m[keys[i]] != m[keys[j]] {
			return m[keys[i]] > m[keys[j]]
		}
		return keys[i] < keys[j]
	})
	return keys
}
