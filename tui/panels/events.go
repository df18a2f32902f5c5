package panels

import (
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

// The list of the first view, and the one that has each event.
var (
	SlotEvents    = register(desc{Name: "events", Focus: true, Least: 5, make: func() Panel { return &EventsPanel{} }})
	SlotAllEvents = register(desc{Name: "allevents", Focus: true, Least: 4, make: func() Panel { return &EventsPanel{full: true} }})
)

// EventsPanel lists what happened as sentences, the newest at the bottom and
// visible unless the user scrolled. Neighbours share a line, see foldEvents;
// the whole-screen list has each.
type EventsPanel struct {
	Pane
	full  bool  // the whole-screen list
	Shown []int // index of the event of each row, for clicks

	rowsOf []stats.Event // what list was made of
	list   []eventRow
}

func (p *EventsPanel) View() string {
	w, h := p.inner()
	st, v := p.Sc.St, p.Sc.V
	title := []draw.Run{draw.R(st.Title, "events")}
	if v.NumEvents > 0 {
		title = append(title, draw.R(st.Muted, " · "+draw.Count(v.NumEvents)))
	}
	if h < 1 || w < 1 {
		return p.frame(title, nil, nil)
	}
	if len(v.Events) == 0 {
		return p.frame(title, nil, []string{draw.NewLine(w).Put(st.Muted, "none yet: compiles, spikes and toggles will stand here").String()})
	}
	list := p.Rows()
	switch {
	case len(list) < len(v.Events):
		title = append(title, draw.R(st.Faint, " · alike neighbours share a line, view 6 has each"))
	case p.full && len(v.Events) < v.NumEvents && p.Sc.Past == 0:
		title = append(title, draw.R(st.Faint, " · "+draw.Count(len(v.Events))+" are kept here, rare kinds the longest; events.jsonl has all"))
	}
	return p.frame(title, p.extra(), p.body(list, w, h))
}

func (p *EventsPanel) extra() []draw.Run {
	switch {
	case p.Sc.Picked >= 0:
		return []draw.Run{draw.R(p.Sc.St.Muted, "n/N next and previous · esc back to now")}
	case p.Sc.Scroll[p.slot] > 0:
		return []draw.Run{draw.R(p.Sc.St.Warn, "scrolled back "+draw.Count(p.Sc.Scroll[p.slot]))}
	}
	return nil
}

func (p *EventsPanel) body(list []eventRow, w, h int) []string {
	evs := p.Sc.V.Events
	detail := 0
	if p.Sc.Picked >= 0 && p.Sc.Picked < len(evs) && h >= 5 {
		detail = 2
	}
	picked, rows := RowOf(list, p.Sc.Picked), h-detail
	end := len(list) - min(p.Sc.Scroll[p.slot], max(0, len(list)-rows))
	if picked >= 0 {
		end = min(len(list), max(picked+1+rows/3, rows))
	}
	p.Shown = p.Shown[:0]
	var out []string
	for i := max(0, end-rows); i < end; i++ {
		p.Shown = append(p.Shown, list[i].At)
		out = append(out, p.row(&list[i], i == picked, w))
	}
	out = draw.Block(out, w, rows)
	if detail > 0 {
		for _, s := range draw.Wrap(evs[p.Sc.Picked].Reason, w-2, detail) {
			out = append(out, draw.NewLine(w).Gap(2).Put(p.Sc.St.Text, s).String())
		}
	}
	return out
}

// Rows are the lines of the list, oldest first. They are made once for each
// list of events: views between two events share one.
func (p *EventsPanel) Rows() []eventRow {
	evs := p.Sc.V.Events
	switch {
	case sameList(evs, p.rowsOf):
		return p.list
	case p.full:
		p.list = EachEvent(evs)
	default:
		p.list = FoldEvents(evs)
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
func (p *EventsPanel) row(r *eventRow, picked bool, w int) string {
	st, evs := p.Sc.St, p.Sc.V.Events
	e := &evs[r.At]
	g, k := st.KindLook(e.Kind)
	l := draw.NewLine(w)
	if picked {
		// one ink for the whole row, so that the bar has no holes
		l.Put(st.Selected, draw.Left(p.plain(r, w), w))
		return l.String()
	}
	t := draw.ClockMs(p.Sc.since(evs[r.last].TNs))
	if w < 60 {
		t = p.clock(evs[r.last].TNs)
	}
	l.Put(st.Faint, draw.Right(t, timeWidth(w))).Gap(1).Put(k, g+" ")
	if w < 50 {
		l.Put(k, r.Kind(evs)).Gap(1)
	} else {
		l.Put(k, draw.Left(r.Kind(evs), 14)).Gap(1)
	}
	if w >= 100 {
		lane, lk := " ", st.Muted
		if e.Lane != "" {
			ln, _ := stats.ParseLane(e.Lane)
			lane, lk = draw.LaneMark(ln), st.Lane[ln]
		}
		l.Put(lk, lane).Gap(1)
		l.Put(st.Muted, draw.Right(durText(e), 9)).Gap(2)
	}
	return l.Put(st.Text, r.Text(evs, p.clock)).String()
}

func (p *EventsPanel) plain(r *eventRow, w int) string {
	evs := p.Sc.V.Events
	e := &evs[r.At]
	parts := []string{draw.Right(draw.ClockMs(p.Sc.since(e.TNs)), timeWidth(w)), r.Kind(evs)}
	for _, s := range []string{e.Lane, e.Shape, durText(e)} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return draw.Fit(strings.Join(parts, "  ")+"  "+r.Text(evs, p.clock), w)
}

// clock prints an instant as time since the start.
func (p *EventsPanel) clock(tNs int64) string { return draw.Clock(p.Sc.since(tNs)) }

func durText(e *stats.Event) string {
	if e.DurNs <= 0 {
		return ""
	}
	return draw.Dur(float64(e.DurNs))
}

func timeWidth(w int) int {
	if w < 60 {
		return 5
	}
	return 9
}
