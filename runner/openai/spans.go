package openai

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// span is a request's time on a server.
type span struct {
	request        uint64
	startNs, endNs int64 // endNs 0: still running
}

// spans keeps when requests ran, so that what a server did can be laid over
// them: by overlap in time, which is no cause where several run at once.
type spans struct {
	mu     sync.Mutex
	recent [2][]span                     // running, and those that ended lately
	walls  [2]map[uint64]int64           // of answered requests, warm-ups left out
	hit    [2]map[string]map[uint64]bool // what happened to the requests that it overlapped
	chunks [2]int                        // chunks with content, of all answers
	tokens [2]int                        // tokens by usage
}

// keepNs is how long a request that ended can still be overlapped: what a
// server did is known a reading of its metrics later.
const keepNs = int64(10e9)

func (s *spans) begin(k int, request uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clock.Monotonic()
	s.recent[k] = slices.DeleteFunc(s.recent[k], func(x span) bool { return x.endNs > 0 && x.endNs < now-keepNs })
	s.recent[k] = append(s.recent[k], span{request: request, startNs: now})
}

func (s *spans) end(k int, request uint64, r *reply, warmup bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.recent[k] {
		if x := &s.recent[k][i]; x.request == request && x.endNs == 0 {
			x.startNs, x.endNs = r.startNs, r.endNs
		}
	}
	if r.err != "" || warmup {
		return
	}
	s.chunks[k], s.tokens[k] = s.chunks[k]+len(r.contentNs), s.tokens[k]+max(r.tokens, 0)
	if s.walls[k] == nil {
		s.walls[k] = map[uint64]int64{}
	}
	s.walls[k][request] = r.endNs - r.startNs
}

// over names the requests that ran on a server between two instants, and
// tells whether the last of them still runs.
func (s *spans) over(k int, from, to int64) (requests []uint64, running bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.recent[k] {
		if x.startNs < to && (x.endNs == 0 || x.endNs > from) {
			requests, running = append(requests, x.request), x.endNs == 0
		}
	}
	return requests, running
}

// oldest is when the longest running request began; 0: none runs.
func (s *spans) oldest(k int) (ns int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.recent[k] {
		if x.endNs == 0 && (ns == 0 || x.startNs < ns) {
			ns = x.startNs
		}
	}
	return ns
}

// attach lays an event over the requests it overlaps. With one at a time, and
// one overlapped, the event is that request's.
func (e *engine) attach(k int, what string, ev *protocol.Event, from, to int64) {
	over, running := e.spans.over(k, from, to)
	ev.Lane = laneNames[k]
	if ev.Extra == nil {
		ev.Extra = map[string]any{}
	}
	ev.Extra["server"], ev.Extra["what"] = e.servers[k].URL, what
	switch {
	case len(over) == 0:
	case len(over) == 1 && running && e.o.Concurrency == 1 && !e.o.OpenLoop:
		ev.Request = &over[0]
		ev.Reason += fmt.Sprintf("; request %d was this session's only one on the server", over[0])
	default:
		ev.Extra["overlaps"] = over[:min(len(over), 64)]
		ev.Reason += "; overlaps " + stats.Counted(len(over), "request")
	}
	e.spans.note(k, what, over)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.event(ev)
}

func (s *spans) note(k int, what string, over []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hit[k] == nil {
		s.hit[k] = map[string]map[uint64]bool{}
	}
	if s.hit[k][what] == nil {
		s.hit[k][what] = map[uint64]bool{}
	}
	for _, r := range over {
		s.hit[k][what][r] = true
	}
}

// conclude says the p99 with and without the requests that overlapped
// something, and whether chunks were tokens.
func (s *spans) conclude(e *engine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range e.servers {
		for _, what := range slices.Sorted(maps.Keys(s.hit[k])) {
			var all, without []int64
			for r, w := range s.walls[k] {
				if all = append(all, w); !s.hit[k][what][r] {
					without = append(without, w)
				}
			}
			if n := len(all) - len(without); n > 0 && len(without) > 0 {
				e.event(&protocol.Event{Kind: stats.KindMark, Lane: laneNames[k],
					Reason: fmt.Sprintf("p99 of %s %.1f ms; without the %d that overlap %q %.1f ms", stats.Counted(len(all), "request"), p99(all), n, what, p99(without)),
					Extra:  map[string]any{"what": what, "overlapping": n}})
			}
		}
		if c, t := s.chunks[k], s.tokens[k]; c > 0 && float64(t) > 1.05*float64(c) {
			e.event(&protocol.Event{Kind: stats.KindMark, Lane: laneNames[k],
				Reason: fmt.Sprintf("%d tokens came in %d chunks: gaps are between chunks of %.1f tokens, not between tokens", t, c, float64(t)/float64(c))})
		}
	}
}

func p99(ns []int64) float64 { return quantile.PercentileOf(ns, .99) / 1e6 }
