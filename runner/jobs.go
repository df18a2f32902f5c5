package runner

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// What keys ask for beside the plan: a pause, compiles ahead of their requests,
// a window of the engine's profiler, an export.

// pause stops sending; what is queued is flushed, so that nothing runs.
func (s *Session) pause() {
	s.paused = !s.paused
	if s.paused {
		s.phase = view.PhasePaused
		s.event(stats.Event{Kind: stats.KindMark, Reason: "paused"})
		s.flush()
		return
	}
	s.phase = view.PhaseRunning
	s.work.dueNs = clock.Monotonic()
	s.event(stats.Event{Kind: stats.KindMark, Reason: "resumed"})
}

// warm puts one warm-up for each planned shape before everything else.
func (s *Session) warm() {
	n := s.compileAhead()
	s.notice("info", fmt.Sprintf("warming up %d shapes", n))
	s.toggle(fmt.Sprintf("warm up %d shapes", n), "warmed")
}

// compileFirst is compileAhead under compile: warmup, once a worker for each
// mode, strategy and scenario: no counted request waits for a compile.
func (s *Session) compileFirst() {
	key := s.mode() + "\x00" + s.strategy.String() + "\x00" + s.scenario
	if s.cfg.Compile != "warmup" || s.work.warmed[key] {
		return
	}
	if s.work.warmed == nil {
		s.work.warmed = map[string]bool{}
	}
	s.work.warmed[key] = true
	s.compileAhead()
}

// compileAhead puts one warm-up for each planned shape before everything else
// and returns how many there are: no more than the recompile limit, since what
// lies beyond it has no executable anyway.
func (s *Session) compileAhead() int {
	sh := Shaper{Strategy: s.strategy, Edges: s.cfg.BucketEdges, EagerInputs: s.cfg.EagerInputs}
	seen := map[string]bool{}
	var items []*inflight
	for _, it := range s.plans[s.mode()].Shapes(4096) {
		key := fmt.Sprint(it.Batch, sh.Exec(it.Tokens, it.PadTo)[1], it.NewTokens, it.Dims)
		if seen[key] || len(items) >= s.cfg.RecompileLimit {
			continue
		}
		seen[key] = true
		s.work.nextID++
		items = append(items, &inflight{id: s.work.nextID, item: it, order: []string{"optimized", "eager"}})
	}
	s.work.again = append(items, s.work.again...)
	return len(items)
}

// profile asks the engine for a window of its own profiler.
func (s *Session) profile(n int) {
	if !contains(s.hello.Features, "profile") {
		s.notice("warn", "this engine has no profiler"+because(s.hello.Lacks["profile"]))
		return
	}
	if n <= 0 {
		n = 20
	}
	s.work.askID++
	s.proc.Send(&protocol.Profile{ID: s.work.askID, Requests: n, Dir: filepath.Join(s.o.Dir, "profile")})
	s.event(stats.Event{Kind: stats.KindMark, Reason: fmt.Sprintf("profile of %d requests asked for", n)})
}

func (s *Session) profiled(m *protocol.Profiled) {
	if m.Error != "" {
		s.event(stats.Event{Kind: stats.KindError, Reason: "profile: " + m.Error})
		return
	}
	s.event(stats.Event{Kind: stats.KindMark, Reason: fmt.Sprintf("profile written: %d files", len(m.Files)),
		Extra: map[string]any{"files": m.Files}})
}

// exportResult is what an export that ran beside the session came to.
type exportResult struct {
	dir string
	err error
	dur time.Duration
}

// export writes a complete copy of the state so far while the run goes on.
func (s *Session) export() {
	if s.join.exports > 0 {
		s.notice("warn", "an export is already being written")
		return
	}
	if err := s.o.Sink.Flush(); err != nil {
		s.sinkErr(err)
		return
	}
	s.join.exports++
	s.notice("info", "exporting")
	out, sink := s.join.exported, s.o.Sink
	go func() {
		begin := time.Now()
		dir, err := sink.Export()
		out <- exportResult{dir, err, time.Since(begin)}
	}()
}

func (s *Session) exportDone(x exportResult) {
	s.join.exports--
	if x.err != nil {
		s.event(stats.Event{Kind: stats.KindError, Reason: "export: " + x.err.Error()})
		s.notice("error", "export: "+x.err.Error())
		return
	}
	s.pub.exports = append(s.pub.exports, x.dir)
	s.event(stats.Event{Kind: stats.KindMark, Reason: "exported to " + filepath.Base(x.dir), TNs: clock.Monotonic() - int64(x.dur), DurNs: int64(x.dur)})
	s.notice("info", "exported to "+x.dir)
}
