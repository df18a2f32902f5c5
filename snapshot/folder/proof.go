package folder

import (
	"cmp"
	"slices"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// proof is what a session's records say of compiling.
type proof struct {
	evidence []EvidenceRecord
	counters []GenerationCounters    // the newest of each worker generation
	seen     map[madeKey]*fromEvents // by events
	modeRows [stats.NumModes]uint64
	aaRows   [stats.NumModes]uint64 // of them, in A/A segments

	optimizedRows, eagerRows [stats.NumModes]uint64 // of the optimized lane; of them, under a strategy that compiles nothing
	aa                       map[int32]bool         // segments whose beginning says what they are
	aaFirst                  bool                   // what the others are: as the session was set up
	loads                    int                    // worker generations that said what they loaded
}

// madeKey is what a counter counts.
type madeKey struct {
	generation     int
	mode, strategy string
}

// fromEvents is what events tell of it. Counters come a little later than events: a
// worker that dies takes its last ones along.
type fromEvents struct {
	compiles, recompiles, fallbacks int
	compileNs                       int64
	request                         uint64 // of the last fallback
}

// generation is the worker's that is running.
func (c *proof) generation() int { return max(c.loads-1, 0) }

// take takes in a record that proves something; others are ignored.
func (c *proof) take(r *journal.Record) {
	switch r.Kind {
	case journal.KindSample:
		c.modeRows[r.Sample.Mode]++
		if c.isAA(r.Sample.Segment) {
			c.aaRows[r.Sample.Mode]++
		}
		if r.Sample.Lane == stats.Optimized {
			c.optimizedRows[r.Sample.Mode]++
			if r.Sample.Strategy == string(stats.AllEager) {
				c.eagerRows[r.Sample.Mode]++
			}
		}
	case journal.KindEvidence:
		c.evidence = append(c.evidence, EvidenceRecord{c.generation(), r.Evidence})
	case journal.KindCounters:
		c.count(r.Counters)
	case journal.KindEvent:
		c.event(&r.Event)
	case journal.KindLoaded:
		c.loads++
	}
}

func (c *proof) count(v protocol.Counters) {
	n, g := len(c.counters), c.generation()
	if n > 0 && c.counters[n-1].Generation == g {
		c.counters[n-1].Counters = v
		return
	}
	c.counters = append(c.counters, GenerationCounters{g, v})
}

// isAA says whether the optimized lane of a segment is a second eager session.
func (c *proof) isAA(segment int32) bool {
	if aa, ok := c.aa[segment]; ok {
		return aa
	}
	return c.aaFirst
}

// maxMade bounds the modes and strategies that events may name.
const maxMade = 1 << 16

func (c *proof) event(e *stats.Event) {
	if aa, ok := e.Extra["aa"].(bool); ok && e.Kind == stats.KindSegment && len(c.aa) < maxMade {
		if c.aa == nil {
			c.aa = map[int32]bool{}
		}
		c.aa[e.Segment] = aa
	}
	if e.Kind != stats.KindCompile && e.Kind != stats.KindRecompile && (e.Kind != stats.KindFallback || e.Request == nil) {
		return
	}
	k := madeKey{min(int(e.Generation), c.generation()), e.Mode, e.Strategy} // a damaged journal may have lost who loaded
	m := c.seen[k]
	if m == nil {
		if c.seen == nil {
			c.seen = map[madeKey]*fromEvents{}
		}
		if len(c.seen) == maxMade {
			return
		}
		m = &fromEvents{}
		c.seen[k] = m
	}
	switch e.Kind {
	case stats.KindCompile:
		m.compiles, m.compileNs = m.compiles+1, m.compileNs+e.DurNs
	case stats.KindRecompile:
		m.recompiles, m.compileNs = m.recompiles+1, m.compileNs+e.DurNs
	default: // one request may fall back in both of its phases
		if m.fallbacks == 0 || m.request != *e.Request {
			m.fallbacks++
		}
		m.request = *e.Request
	}
}

// groups are the counters of a mode in all worker generations, in order, with
// what only events tell.
func (c *proof) groups(mode string) []CounterGroup {
	out := []CounterGroup{}
	told := map[madeKey]bool{}
	for i := range c.counters {
		g := &c.counters[i]
		for _, k := range g.Groups {
			if k.Mode == mode {
				key := madeKey{g.Generation, mode, k.Strategy}
				told[key] = true
				out = append(out, CounterGroup{g.Generation, c.seen[key].into(k)})
			}
		}
	}
	for k, m := range c.seen {
		if k.mode == mode && !told[k] {
			out = append(out, CounterGroup{k.generation, m.into(protocol.Counter{Mode: mode, Strategy: k.strategy})})
		}
	}
	slices.SortStableFunc(out, func(a, b CounterGroup) int {
		return cmp.Or(cmp.Compare(a.Generation, b.Generation), cmp.Compare(a.Strategy, b.Strategy))
	})
	return out
}

// into raises counters to what events tell; nil tells nothing.
func (m *fromEvents) into(k protocol.Counter) protocol.Counter {
	if m == nil {
		return k
	}
	if m.compiles+m.recompiles > k.Compiles+k.Recompiles {
		k.Compiles, k.Recompiles, k.CompileNs = m.compiles, m.recompiles, max(k.CompileNs, m.compileNs)
	}
	k.Fallbacks = max(k.Fallbacks, m.fallbacks)
	return k
}
