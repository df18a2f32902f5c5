package runner

import (
	"path/filepath"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/stats"
)

// exporter writes complete copies of the state so far beside the session.
type exporter struct {
	running int
	done    chan exported
}

// exported is what an export came to.
type exported struct {
	dir string
	err error
	dur time.Duration
}

// start writes one copy in a goroutine of its own.
func (x *exporter) start(sink Sink) {
	x.running++
	guard.Go("an export", func() {
		begin := time.Now()
		dir, err := sink.Export()
		x.done <- exported{dir, err, time.Since(begin)}
	})
}

// export writes a complete copy of the state so far while the run goes on.
func (s *Session) exportNow() {
	if s.export.running > 0 {
		s.pub.notice("warn", "an export is already being written")
		return
	}
	if err := s.rec.sink.Flush(); err != nil {
		s.rec.keep(err)
		return
	}
	s.pub.notice("info", "exporting")
	s.export.start(s.rec.sink)
}

func (s *Session) exportDone(x exported) {
	s.export.running--
	if x.err != nil {
		s.rec.event(stats.Event{Kind: stats.KindError, Reason: "export: " + x.err.Error()})
		s.pub.notice("error", "export: "+x.err.Error())
		return
	}
	s.pub.exports = append(s.pub.exports, x.dir)
	s.rec.event(stats.Event{Kind: stats.KindMark, Reason: "exported to " + filepath.Base(x.dir), TNs: clock.Monotonic() - int64(x.dur), DurNs: int64(x.dur)})
	s.pub.notice("info", "exported to "+x.dir)
}
