package runner

import (
	"fmt"
	"path/filepath"

	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// What keys ask for beside the plan: a pause, compiles ahead of their requests,
// a window of the engine's profiler.

// pause stops sending; what is queued is flushed, so that nothing runs.
func (s *Session) pause() {
	s.paused = !s.paused
	if s.paused {
		s.rec.event(stats.Event{Kind: stats.KindMark, Reason: "paused"})
		s.eng.flush()
		return
	}
	s.queue.resume()
	s.rec.event(stats.Event{Kind: stats.KindMark, Reason: "resumed"})
}

// warm puts one warm-up for each planned shape before everything else.
func (s *Session) warm() {
	n := s.compileAhead()
	shapes := stats.Counted(n, "shape")
	s.pub.notice("info", "warming up "+shapes)
	s.toggle("warm up "+shapes, "warmed")
}

// compileFirst is compileAhead under compile: warmup, once a worker for each
// mode, strategy and scenario: no counted request waits for a compile.
func (s *Session) compileFirst() {
	if s.cfg.Compile == "warmup" && s.eng.firstTime(s.queue.mode(), s.set) {
		s.compileAhead()
	}
}

// compileAhead puts one warm-up for each planned shape before everything else
// and returns how many there are: no more than the recompile limit, since what
// lies beyond it has no executable anyway.
func (s *Session) compileAhead() int {
	sh := plan.NewShaper(s.cfg, s.set.strategy)
	seen, limit := map[string]bool{}, s.cfg.Limit()
	var items []plan.Item
	for _, it := range s.queue.plans[s.queue.mode()].Shapes(4096) {
		key := fmt.Sprint(it.Batch, sh.Exec(it.Tokens, it.PadTo)[1], it.NewTokens, it.Dims)
		if seen[key] || limit > 0 && len(items) >= limit {
			continue
		}
		seen[key] = true
		items = append(items, it)
	}
	s.queue.ahead(items, s.eng.hello.Lanes)
	return len(items)
}

// profile asks the engine for a window of its own profiler.
func (s *Session) profile(n int) {
	if !s.eng.offers("profile") {
		s.pub.notice("warn", "this engine has no profiler"+s.eng.because("profile"))
		return
	}
	if n <= 0 {
		n = 20
	}
	s.eng.ask(&protocol.Profile{ID: s.eng.nextAsk(), Requests: n, Dir: filepath.Join(s.o.Dir, "profile")})
	s.rec.event(stats.Event{Kind: stats.KindMark, Reason: fmt.Sprintf("profile of %d requests asked for", n)})
}

func (s *Session) profiled(m *protocol.Profiled) {
	if !s.eng.answers(m.ID) {
		s.unbelieved("answer", fmt.Sprintf("there is no profile number %d", m.ID))
		return
	}
	if m.Error != "" {
		s.rec.event(stats.Event{Kind: stats.KindError, Reason: "profile: " + m.Error})
		return
	}
	s.rec.event(stats.Event{Kind: stats.KindMark, Reason: "profile written: " + stats.Counted(len(m.Files), "file"),
		Extra: map[string]any{"files": m.Files}})
}
