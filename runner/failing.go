package runner

import (
	"errors"
	"fmt"

	"github.com/tailscope/tailscope/stats"
)

// failLimit is how many requests of a lane may fail in a row. What fails so
// often answers nothing: a run ends, and the live screen stops sending.
const failLimit = 20

// failing watches a session for lanes that answer nothing.
type failing struct {
	row   [stats.NumLanes]int
	first [stats.NumLanes]string // the error that a row began with
	why   string                 // the sentence for which sending has stopped; "" it has not
}

// see takes a sample in; err is "" for one that succeeded. It returns a
// sentence when a lane has failed for the failLimit-th time in a row.
func (f *failing) see(lane stats.Lane, err string) string {
	if err == "" {
		f.row[lane] = 0
		return ""
	}
	if f.row[lane]++; f.row[lane] == 1 {
		f.first[lane] = err
	}
	if f.row[lane] < failLimit || f.why != "" {
		return ""
	}
	return fmt.Sprintf("%d requests of the %s lane failed in a row, the first with: %s", f.row[lane], lane, f.first[lane])
}

// answersNothing ends a run whose requests all fail; on the live screen it
// stops sending until the user tries again.
func (s *Session) answersNothing(why string) {
	if s.observes() {
		return // nothing is sent: the failures are somebody else's, and so is what to do
	}
	if s.o.Commands == nil {
		s.fail(errors.New(why))
		return
	}
	s.failing.why = why
	s.status = why
	s.rec.event(stats.Event{Kind: stats.KindMark, Reason: "nothing is sent any more: " + why})
	s.eng.flush()
}

// retry sends again after answersNothing.
func (s *Session) retry() {
	if s.failing.why == "" {
		return
	}
	s.failing, s.status = failing{}, ""
	s.queue.resume()
}

// repeats makes one event of errors that say the same: the first at once, and
// how many followed it as another when they have ended.
type repeats [stats.NumLanes]struct {
	last stats.Event // of the row; no reason: there is none
	n    int         // that followed
}

// take emits an error of a lane, or counts it.
func (r *repeats) take(lane stats.Lane, e stats.Event, emit func(stats.Event)) {
	row := &r[lane]
	if row.last.Reason == e.Reason && row.last.Mode == e.Mode && row.last.Segment == e.Segment {
		row.last = e
		row.n++
		return
	}
	r.end(lane, emit)
	row.last = e
	emit(e)
}

// end emits how many errors of a lane have followed the first.
func (r *repeats) end(lane stats.Lane, emit func(stats.Event)) {
	row := &r[lane]
	if row.last.Reason == "" {
		return
	}
	if e := row.last; row.n > 0 {
		e.Extra = map[string]any{"repeats": row.n}
		emit(e)
	}
	row.last, row.n = stats.Event{}, 0
}
