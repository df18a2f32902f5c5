package panels

import (
	"sort"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

// eventRow is one line of the list of events. It stands for one event, or for
// several neighbours that would push the telling ones off a small list.
type eventRow struct {
	At     int // index of the event whose sentence stands there: the newest, or of spikes and first runs the slowest
	last   int // index of its newest event: what stands in the column of instants
	N      int // events of its kind
	Others int // first runs of a shape that the line covers beside them
}

// minor reports whether a busy machine makes events of this kind by the
// hundred.
func minor(k stats.Kind) bool { return k == stats.KindSpike || k == stats.KindShapeNew }

// FoldEvents makes the rows of a list. The line of a compile also covers the
// first runs of its shape in the same request; spikes and first runs between
// two other events share a line, and so do equal sentences in a row (a request
// that falls back whenever it comes). Every event is counted in one row.
func FoldEvents(evs []stats.Event) []eventRow {
	var rows []eventRow
	compiles := compileRows(evs)
	for i := range evs {
		e := &evs[i]
		if of := compileOf(compiles, e); of != nil {
			if e.Kind == stats.KindShapeNew {
				of.others++
				continue
			}
			if of.at == i { // its first compile
				of.row = len(rows)
				rows = append(rows, eventRow{At: i, last: i, N: 1})
				continue
			}
		}
		if n := len(rows); n == 0 || !rows[n-1].take(evs, i) {
			rows = append(rows, eventRow{At: i, last: i, N: 1})
		}
	}
	for _, of := range compiles {
		rows[of.row].Others += of.others
	}
	return rows
}

// EachEvent makes a row of every event.
func EachEvent(evs []stats.Event) []eventRow {
	rows := make([]eventRow, len(evs))
	for i := range rows {
		rows[i] = eventRow{At: i, last: i, N: 1}
	}
	return rows
}

// RowOf is the row of event i, or of the neighbour that its line is about; −1
// for no event.
func RowOf(rows []eventRow, i int) int {
	if i < 0 || len(rows) == 0 {
		return -1
	}
	r := sort.Search(len(rows), func(r int) bool { return rows[r].At >= i })
	return min(r, len(rows)-1)
}

// compileRow is a request that made an executable: its first compile, that
// one's row, and the first runs of a shape that came with it, in either lane.
type compileRow struct{ at, row, others int }

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
	if e.Request == nil || len(compiles) == 0 {
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

// take puts event i into the row if it belongs there.
func (r *eventRow) take(evs []stats.Event, i int) bool {
	e, head := &evs[i], &evs[r.At]
	last := r.last
	r.last = i
	switch {
	case minor(e.Kind) && e.Kind == head.Kind:
		if r.N++; e.DurNs > head.DurNs {
			r.At = i
		}
	case e.Kind == stats.KindSpike && head.Kind == stats.KindShapeNew:
		r.At, r.N, r.Others = i, 1, r.N
	case e.Kind == stats.KindShapeNew && head.Kind == stats.KindSpike:
		r.Others++
	case !minor(e.Kind) && e.Kind == head.Kind && e.Lane == head.Lane && e.Reason == head.Reason:
		r.At, r.N = i, r.N+1
	default:
		r.last = last
		return false
	}
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
	s := e.Reason
	if !minor(e.Kind) {
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
		s = "+ " + draw.Plural(r.Others, "first run") + " of a shape · " + s
	}
	return s
}
