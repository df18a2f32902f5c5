package runner

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Work is a block of requests that its owner asks a session for, in place of a
// plan of the session's own: of candidates that race against each other.
type Work struct {
	Requests []Asked
	Done     chan<- []Answer // one a request, in their order; capacity 1. Nothing comes once the session has ended
}

// Asked is one request in one lane, under a strategy of its own.
type Asked struct {
	Item     plan.Item
	Lane     stats.Lane
	Strategy plan.Strategy
	Edges    []int // of bucketed; nil: those of the configuration
}

// Answer is what came of it.
type Answer struct {
	Sample stats.Sample
	Err    string // of the engine, or why the worker ended in it
	Lost   bool   // it never ran: the worker ended before it
}

// Ready is a worker that has loaded its model.
type Ready struct {
	Loaded *protocol.Loaded
	Lacks  func(mode string, st plan.Strategy) (why string) // why it cannot run that; "" it can
}

// Firsts are those of the next n requests of a plan that meet their shapes for the
// first time under a strategy, in the order in which most others follow them: what
// must be made for them, as far as the lengths of prompts decide it.
func Firsts(cfg *configs.Config, p *plan.Plan, st plan.Strategy, n int) []First {
	r, met := newRouter(cfg), map[string]int{}
	first := map[string]plan.Item{}
	var order []string
	for range n {
		it, ok := p.Next()
		if !ok {
			break
		}
		key := r.stepKey(it, st)
		if met[key]++; met[key] == 1 {
			first[key], order = it, append(order, key)
		}
	}
	slices.SortStableFunc(order, func(a, b string) int { return met[b] - met[a] })
	firsts := make([]First, len(order))
	for i, key := range order {
		firsts[i] = First{first[key], met[key]}
	}
	return firsts
}

// First is a request that meets its shapes for the first time, and how many
// of the plan's have the same, itself among them.
type First struct {
	plan.Item
	N int
}

// The smallest caches that kv-bucketed and static-cache make without lengths given,
// and the engine's options that give static-cache one or have it grow by blocks.
const (
	leastKVEdge, leastStatic = 16, 256
	staticOption             = "static_len"
	blockOption              = "cache_block"
)

// fixed reports whether a strategy decodes over caches of fixed size.
func fixed(st plan.Strategy) bool {
	return st.Decode == string(stats.KVBucketed) || st.Decode == string(stats.StaticCache)
}

// cacheLength is how long the cache of fixed size is that an item of exec executed
// tokens needs: the one length of all doubles with those that do not fit.
func (r *router) cacheLength(it plan.Item, st plan.Strategy, exec int) int {
	need := exec
	if it.Mode != stats.Prefill.String() {
		need += it.NewTokens
		if st.Decode == string(stats.KVBucketed) {
			return r.kvEdge(need)
		}
		if block, _ := strconv.Atoi(r.cfg.Options[blockOption]); block > 0 {
			return exec // from which, and the new tokens, the lengths of all its caches follow
		}
	}
	if given, _ := strconv.Atoi(r.cfg.Options[staticOption]); need <= given {
		return given
	}
	return max(leastStatic, plan.NextEdge(nil, need))
}

// kvEdge is the length of kv-bucketed's cache for so many tokens.
func (r *router) kvEdge(need int) int {
	if i, _ := slices.BinarySearch(r.cfg.KVEdges, need); i < len(r.cfg.KVEdges) {
		return r.cfg.KVEdges[i]
	}
	return max(leastKVEdge, plan.NextEdge(nil, need))
}

// stepKey is the key of an item's executables. A decode alone runs none for its
// prompt: over a cache of fixed size the length of that cache decides.
func (r *router) stepKey(it plan.Item, st plan.Strategy) string {
	if it.Mode != stats.KVDecode.String() || !fixed(st) {
		return r.key(it, st)
	}
	edge := 0 // static-cache has one length for all
	if st.Decode == string(stats.KVBucketed) {
		edge = r.kvEdge(plan.NewShaper(r.cfg, st).Exec(it.Tokens, it.PadTo)[1] + it.NewTokens)
	}
	return fmt.Sprintf("%s\x00%s\x00%d/%d", it.Mode, st.Decode, it.Batch, edge)
}

// assigned is the block in hand.
type assigned struct {
	done    chan<- []Answer // nil: none is
	asked   []Asked
	at      map[uint64]int // request to its place
	answers []Answer
}

// workNow is the channel of blocks, nil while none can be taken.
func (s *Session) workNow() <-chan Work {
	if s.eng.proc == nil || s.eng.loaded == nil || s.end != nil || s.eng.flushing || s.work.done != nil {
		return nil
	}
	return s.o.Work
}

// takeWork puts a block before everything else.
func (s *Session) takeWork(w Work) {
	s.work = assigned{done: w.Done, asked: w.Requests, at: map[uint64]int{}, answers: make([]Answer, len(w.Requests))}
	for i, q := range w.Requests {
		fl := &inflight{id: s.queue.number(), item: q.Item, order: []string{q.Lane.String()}}
		s.work.at[fl.id] = i
		s.work.answers[i].Lost = true
		s.queue.again = append(s.queue.again, fl)
	}
	s.answerIfDone()
}

// of is what was asked of a request of the block in hand; nil: it is none.
func (a *assigned) of(id uint64) *Asked {
	if i, ok := a.at[id]; ok {
		return &a.asked[i]
	}
	return nil
}

// answer notes what came of a request.
func (s *Session) answer(smp *stats.Sample, err string) {
	i, ok := s.work.at[smp.Request]
	if !ok {
		return
	}
	s.work.answers[i] = Answer{Sample: *smp, Err: err}
	delete(s.work.at, smp.Request)
	s.answerIfDone()
}

func (s *Session) answerIfDone() {
	if s.work.done != nil && len(s.work.at) == 0 {
		s.work.done <- s.work.answers
		s.work = assigned{}
	}
}

// workLost ends the block in hand with its worker: culprit is the request that
// it ended in, nil unknown. The rest is not sent again: its owner decides.
func (s *Session) workLost(culprit *inflight, reason string) {
	s.queue.drop()
	if culprit != nil {
		if i, ok := s.work.at[culprit.id]; ok {
			s.work.answers[i] = Answer{Err: reason}
		}
	}
	clear(s.work.at)
	s.answerIfDone()
}
