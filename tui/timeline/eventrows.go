package timeline

import (
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
)

// eventRow is one line of the list of events. It stands for one event, or for
// several neighbours that would push the telling ones off a small list.
type eventRow struct {
	At     int // index of the event whose sentence stands there: the newest, or of spikes and first runs the slowest
	first  int // index of its oldest event
	last   int // index of its newest event: what stands in the column of instants
	N      int // events of its kind
	Others int // first runs of a shape that the line covers beside them
}

// single is the row of event i alone.
func single(i int) eventRow { return eventRow{At: i, first: i, last: i, N: 1} }

// FoldEvents makes the rows of a list. The line of a compile also covers the
// first runs of its shape in the same request; spikes and first runs between
// two other events share a line, and so do equal sentences in a row (a request
// that falls back whenever it comes). Every event is counted in one row.
func FoldEvents(evs []stats.Event) []eventRow {
	var rows eventRows
	compiles := compileRows(evs)
	for i := range evs {
		e := &evs[i]
		if of := compileOf(compiles, e); of != nil {
			if e.Kind == stats.KindShapeNew {
				of.others++
				continue
			}
			if of.at == i { // its first compile
				rows = append(rows, single(i))
				continue
			}
		}
		if !rows.take(evs, i) {
			rows = append(rows, single(i))
		}
	}
	for k := range rows {
		if of := compileOf(compiles, &evs[rows[k].first]); of != nil && of.at == rows[k].first {
			rows[k].Others += of.others
		}
	}
	return rows
}

// EachEvent makes a row of every event.
func EachEvent(evs []stats.Event) []eventRow {
	rows := make([]eventRow, len(evs))
	for i := range rows {
		rows[i] = single(i)
	}
	return rows
}

// EventRows are the rows of a list of events: each or folded, all or those that
// have every word of a filter in kind, lane, shape or sentence.
func EventRows(evs []stats.Event, each bool, filter string) []eventRow {
	words := strings.Fields(strings.ToLower(filter))
	if len(words) == 0 {
		if each {
			return EachEvent(evs)
		}
		return FoldEvents(evs)
	}
	var out []eventRow
	for i := range evs {
		if e := &evs[i]; panels.HasAll(strings.ToLower(draw.KindName(e.Kind)+" "+e.Lane+" "+e.Shape+" "+e.Reason), words) {
			out = append(out, single(i))
		}
	}
	return out
}

// RowOf is the row of event i, or of the neighbour that its line is about; −1
// for no event.
func RowOf(rows []eventRow, i int) int {
	if i < 0 || len(rows) == 0 {
		return -1
	}
	best := len(rows) - 1
	for r := range rows {
		switch {
		case rows[r].At == i:
			return r
		case rows[r].first <= i && i <= rows[r].last && (rows[best].At < i || rows[r].last < rows[best].last):
			best = r
		}
	}
	return best
}

// compileRow is a request that made an executable: its first compile, and
// the first runs of a shape that came with it, in either lane.
type compileRow struct{ at, others int }

type requestKey struct {
	generation int32
	request    uint64
}

func requestOf(e *stats.Event) requestKey {
	if e.Request == nil {
		return requestKey{}
	}
	return requestKey{e.Generation, *e.Request}
}

// compileOf is the row of the request that e belongs to, nil if that made no
// executable.
func compileOf(compiles map[requestKey]*compileRow, e *stats.Event) *compileRow {
	if e.Request == nil {
		return nil
	}
	return compiles[requestOf(e)]
}

func compileRows(evs []stats.Event) map[requestKey]*compileRow {
	out := map[requestKey]*compileRow{}
	for i := range evs {
		e := &evs[i]
		if e.Request == nil || e.Kind != stats.KindCompile && e.Kind != stats.KindRecompile {
			continue
		}
		if k := requestOf(e); out[k] == nil {
			out[k] = &compileRow{at: i}
		}
	}
	return out
}

// eventRows is a list that grows by an event at a time.
type eventRows []eventRow

// minorSpan is how long spikes and first runs share a line with those before
// them, whatever happened between, ns.
const minorSpan = int64(10e9)

// take puts event i into a row that it belongs to: equal sentences into the
// last row, what a busy machine makes by the hundred into its row of the last
// ten seconds, which moves to the end of the list.
func (rs eventRows) take(evs []stats.Event, i int) bool {
	n := len(rs)
	if n > 0 && rs[n-1].same(evs, i) {
		return true
	}
	if !evs[i].Kind.Frequent() {
		return false
	}
	for k := n - 1; k >= 0 && evs[i].TNs-evs[rs[k].last].TNs < minorSpan; k-- {
		if r := rs[k]; evs[r.At].Kind.Frequent() && evs[i].TNs-evs[r.first].TNs < minorSpan && r.joins(evs, i) {
			copy(rs[k:], rs[k+1:])
			rs[n-1] = r
			return true
		}
	}
	return false
}

// same takes an event that says the same as the row.
func (r *eventRow) same(evs []stats.Event, i int) bool {
	e, head := &evs[i], &evs[r.At]
	if e.Kind.Frequent() || e.Kind != head.Kind || e.Lane != head.Lane || e.Reason != head.Reason {
		return false
	}
	r.At, r.last, r.N = i, i, r.N+1
	return true
}

// joins takes a spike or a first run into a row of such.
func (r *eventRow) joins(evs []stats.Event, i int) bool {
	e, head := &evs[i], &evs[r.At]
	switch {
	case e.Kind == head.Kind:
		if r.N++; e.DurNs > head.DurNs {
			r.At = i
		}
	case e.Kind == stats.KindSpike && head.Kind == stats.KindShapeNew:
		r.At, r.N, r.Others = i, 1, r.N
	case e.Kind == stats.KindShapeNew && head.Kind == stats.KindSpike:
		r.Others++
	default:
		return false
	}
	r.last = i
	return true
}

// Kind is the row's second column: "spike ×3" for three.
func (r *eventRow) Kind(evs []stats.Event) string {
	s := draw.KindName(evs[r.At].Kind)
	if r.N > 1 {
		s += " ×" + strconv.Itoa(r.N)
	}
	return s
}

// Text is the sentence of the row's event, after what else it covers; clock
// prints an instant.
func (r *eventRow) Text(evs []stats.Event, clock func(int64) string) string {
	e := &evs[r.At]
	s := bareReason(e)
	if !e.Kind.Frequent() {
		return s
	}
	var about []string
	if r.N > 1 {
		about = append(about, "slowest")
	}
	if r.At != r.last {
		about = append(about, "at "+clock(e.TNs))
	}
	if len(about) > 0 {
		s = strings.Join(about, " ") + ": " + s
	}
	if r.Others > 0 {
		s = "+ " + draw.Plural(r.Others, "new shape") + " · " + s
	}
	return s
}

// bareReason is what an event says, without the milliseconds that stand beside
// it.
func bareReason(e *stats.Event) string {
	if e.DurNs <= 0 {
		return e.Reason
	}
	ms := stats.FormatMs(float64(e.DurNs))
	return strings.TrimSuffix(strings.TrimPrefix(e.Reason, ms+", "), ", "+ms)
}
