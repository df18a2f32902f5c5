package tui

import (
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// The list of the first view, and the one that has each event.
var (
	slotEvents    = register(desc{name: "events", focus: true, least: 5, make: func() panel { return &eventsPanel{} }})
	slotAllEvents = register(desc{name: "allevents", focus: true, least: 4, make: func() panel { return &eventsPanel{full: true} }})
)

// eventsPanel lists what happened as sentences, the newest at the bottom and
// visible unless the user scrolled. Neighbours share a line, see foldEvents;
// the whole-screen list has each.
type eventsPanel struct {
	pane
	full  bool  // the whole-screen list
	shown []int // index of the event of each row, for clicks

	rowsOf []stats.Event // what list was made of
	list   []eventRow
}

func (p *eventsPanel) view() string {
	w, h := p.inner()
	st, v := p.sc.st, p.sc.v
	title := []run{{st.title, "events"}}
	if v.NumEvents > 0 {
		title = append(title, run{st.muted, " · " + count(v.NumEvents)})
	}
	if h < 1 || w < 1 {
		return p.frame(title, nil, nil)
	}
	if len(v.Events) == 0 {
		return p.frame(title, nil, []string{newLine(w).put(st.muted, "none yet: compiles, spikes and toggles will stand here").String()})
	}
	list := p.rows()
	switch {
	case len(list) < len(v.Events):
		title = append(title, run{st.faint, " · alike neighbours share a line, view 6 has each"})
	case p.full && len(v.Events) < v.NumEvents && p.sc.past == 0:
		title = append(title, run{st.faint, " · " + count(len(v.Events)) + " are kept here, rare kinds the longest; events.jsonl has all"})
	}
	return p.frame(title, p.extra(), p.body(list, w, h))
}

func (p *eventsPanel) extra() []run {
	switch {
	case p.sc.picked >= 0:
		return []run{{p.sc.st.muted, "n/N next and previous · esc back to now"}}
	case p.sc.scroll[p.slot] > 0:
		return []run{{p.sc.st.warn, "scrolled back " + count(p.sc.scroll[p.slot])}}
	}
	return nil
}

func (p *eventsPanel) body(list []eventRow, w, h int) []string {
	evs := p.sc.v.Events
	detail := 0
	if p.sc.picked >= 0 && p.sc.picked < len(evs) && h >= 5 {
		detail = 2
	}
	picked, rows := rowOf(list, p.sc.picked), h-detail
	end := len(list) - min(p.sc.scroll[p.slot], max(0, len(list)-rows))
	if picked >= 0 {
		end = min(len(list), max(picked+1+rows/3, rows))
	}
	p.shown = p.shown[:0]
	var out []string
	for i := max(0, end-rows); i < end; i++ {
		p.shown = append(p.shown, list[i].at)
		out = append(out, p.row(&list[i], i == picked, w))
	}
	out = block(out, w, rows)
	if detail > 0 {
		for _, s := range wrap(evs[p.sc.picked].Reason, w-2, detail) {
			out = append(out, newLine(w).gap(2).put(p.sc.st.text, s).String())
		}
	}
	return out
}

// rows are the lines of the list, oldest first. They are made once for each
// list of events: views between two events share one.
func (p *eventsPanel) rows() []eventRow {
	evs := p.sc.v.Events
	switch {
	case sameList(evs, p.rowsOf):
		return p.list
	case p.full:
		p.list = eachEvent(evs)
	default:
		p.list = foldEvents(evs)
	}
	p.rowsOf = evs
	return p.list
}

// sameList reports whether a and b are one list; nothing changes a list of a
// view.
func sameList(a, b []stats.Event) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// row is "  0:41.204 ▲ recompile   ◆ 1×74  32.10 ms  tokens 61 → 74: …".
func (p *eventsPanel) row(r *eventRow, picked bool, w int) string {
	st, evs := p.sc.st, p.sc.v.Events
	e := &evs[r.at]
	g, k := st.kindLook(e.Kind)
	l := newLine(w)
	if picked {
		// one ink for the whole row, so that the bar has no holes
		l.put(st.selected, left(p.plain(r, w), w))
		return l.String()
	}
	t := clockMs(p.sc.since(evs[r.last].TNs))
	if w < 60 {
		t = p.clock(evs[r.last].TNs)
	}
	l.put(st.faint, right(t, timeWidth(w))).gap(1).put(k, g+" ")
	if w < 50 {
		l.put(k, r.kind(evs)).gap(1)
	} else {
		l.put(k, left(r.kind(evs), 14)).gap(1)
	}
	if w >= 100 {
		lane, lk := " ", st.muted
		if e.Lane != "" {
			ln, _ := stats.ParseLane(e.Lane)
			lane, lk = laneMark(ln), st.lane[ln]
		}
		l.put(lk, lane).gap(1)
		l.put(st.muted, right(durText(e), 9)).gap(2)
	}
	return l.put(st.text, r.text(evs, p.clock)).String()
}

func (p *eventsPanel) plain(r *eventRow, w int) string {
	evs := p.sc.v.Events
	e := &evs[r.at]
	parts := []string{right(clockMs(p.sc.since(e.TNs)), timeWidth(w)), r.kind(evs)}
	for _, s := range []string{e.Lane, e.Shape, durText(e)} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return fit(strings.Join(parts, "  ")+"  "+r.text(evs, p.clock), w)
}

// clock prints an instant as time since the start.
func (p *eventsPanel) clock(tNs int64) string { return clock(p.sc.since(tNs)) }

func durText(e *stats.Event) string {
	if e.DurNs <= 0 {
		return ""
	}
	return dur(float64(e.DurNs))
}

func timeWidth(w int) int {
	if w < 60 {
		return 5
	}
	return 9
}

func kindName(k stats.Kind) string { return strings.ReplaceAll(string(k), "_", " ") }
