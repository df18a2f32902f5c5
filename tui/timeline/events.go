package timeline

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
)

// The list of the first view, and the one that has each event.
var (
	SlotEvents    = panels.Register(panels.Desc{Name: "events", Focus: true, Least: 5, Make: func() panels.Panel { return &EventsPanel{} }})
	SlotAllEvents = panels.Register(panels.Desc{Name: "allevents", Focus: true, Least: 4, Make: func() panels.Panel { return &EventsPanel{full: true} }})
)

// EventsPanel lists what happened as sentences, the newest at the bottom and
// visible unless the user scrolled. Neighbours share a line, see foldEvents;
// the whole-screen list has each.
type EventsPanel struct {
	panels.Pane
	full  bool  // the whole-screen list
	Shown []int // index of the event of each row, for clicks

	rowsOf []stats.Event // what list was made of
	filter string
	list   []eventRow
}

func (p *EventsPanel) View() string {
	w, h := p.Inner()
	st, v := p.Sc.St, p.Sc.V
	title := []draw.Run{draw.R(st.Title, "events")}
	if v.NumEvents > 0 {
		title = append(title, draw.R(st.Muted, " · "+draw.Count(v.NumEvents)))
	}
	if len(v.Events) == 0 {
		return p.Note(title, nil, "none yet: compiles, spikes and toggles will stand here")
	}
	list := p.Rows()
	switch {
	case p.Sc.Filter != "":
		title = append(title, draw.R(st.Tag, " · "+draw.Count(len(list))+" rows of: "+p.Sc.Filter+" (esc: all)"))
	case len(list) < len(v.Events):
		title = append(title, draw.R(st.Faint, " · alike neighbours share a line, view 6 has each"))
	case p.full && len(v.Events) < v.NumEvents && p.Sc.Past == 0:
		title = append(title, draw.R(st.Faint, " · "+draw.Count(len(v.Events))+" are kept here, rare kinds the longest; events.jsonl has all"))
	}
	return p.Frame(title, p.extra(), p.body(list, w, h))
}

func (p *EventsPanel) extra() []draw.Run {
	switch {
	case p.Sc.Picked >= 0:
		return []draw.Run{draw.R(p.Sc.St.Muted, "n/N next and previous · esc back to now")}
	case p.Sc.Scroll[p.Slot] > 0:
		return []draw.Run{draw.R(p.Sc.St.Warn, "scrolled back "+draw.Count(p.Sc.Scroll[p.Slot]))}
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
	end := len(list) - min(p.Sc.Scroll[p.Slot], max(0, len(list)-rows))
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
	if sameList(evs, p.rowsOf) && p.filter == p.Sc.Filter {
		return p.list
	}
	p.list = EventRows(evs, p.full, p.Sc.Filter)
	p.rowsOf, p.filter = evs, p.Sc.Filter
	return p.list
}

// Limit is how far the list scrolls back.
func (p *EventsPanel) Limit() int { return max(0, len(p.Rows())-len(p.Shown)) }

// sameList reports whether a and b are one list; nothing changes a list of a
// view.
func sameList(a, b []stats.Event) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// row is "  0:41.204 ▲ recompile   ◆ 1x74   32.10 ms  tokens 61 → 74: …": what
// one looks for comes first, the sentence takes the rest.
func (p *EventsPanel) row(r *eventRow, picked bool, w int) string {
	st, evs := p.Sc.St, p.Sc.V.Events
	e := &evs[r.At]
	glyph, kind := st.KindLook(e.Kind)
	inks := [...]draw.Ink{st.Faint, kind, st.Muted, st.Text, st.Strong, st.Text}
	if e.Lane != "" {
		lane, _ := stats.ParseLane(e.Lane)
		inks[2] = st.Lane[lane]
	}
	fill := draw.Ink{}
	if picked { // one ink for the whole row, so that the bar has no holes
		fill = st.Selected
		for i := range inks {
			inks[i] = st.Selected
		}
	}
	l := draw.NewLine(w)
	for i, s := range p.cells(r, glyph, w) {
		if i > 0 && s != "" {
			l.Put(fill, " ")
		}
		l.Put(inks[i], s)
	}
	return l.Put(fill, draw.Spaces(l.Room())).String()
}

// cells are the parts of a row: time, kind, lane, shape, duration, sentence.
func (p *EventsPanel) cells(r *eventRow, glyph string, w int) [6]string {
	evs := p.Sc.V.Events
	e := &evs[r.At]
	t := draw.Right(draw.ClockMs(p.Sc.Since(evs[r.last].TNs)), 9)
	kindWidth, shapeWidth := 15, 7
	if w < 70 {
		t, kindWidth = draw.Right(p.clock(evs[r.last].TNs), 5), 14
	}
	mark := " "
	if e.Lane != "" {
		lane, _ := stats.ParseLane(e.Lane)
		mark = draw.LaneMark(lane)
	}
	if w < 40 {
		return [6]string{t, draw.Left(glyph+" "+r.Kind(evs), kindWidth), "", "", "", r.Text(evs, p.clock)}
	}
	return [6]string{t, draw.Left(glyph+" "+r.Kind(evs), kindWidth), mark, draw.Left(e.Shape, shapeWidth), draw.Right(durText(e), 8), r.Text(evs, p.clock)}
}

// clock prints an instant as time since the start.
func (p *EventsPanel) clock(tNs int64) string { return draw.Clock(p.Sc.Since(tNs)) }

func durText(e *stats.Event) string {
	if e.DurNs <= 0 {
		return ""
	}
	return draw.Dur(float64(e.DurNs))
}
