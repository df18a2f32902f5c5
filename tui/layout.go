package tui

import (
	"cmp"
	"image"
	"slices"

	"github.com/tailscope/tailscope/tui/panels"
	"github.com/tailscope/tailscope/tui/timeline"
)

// screens are the views that the keys 1 to 6 choose from: a name, and the
// panels that stand above each other; the first and the last are laid out by
// hand where there is room.
var screens = []struct {
	name  string
	stack []panels.Slot
}{
	{name: "overview"},
	{"quantiles", []panels.Slot{panels.SlotScenarios, panels.SlotQuantiles, panels.SlotDelta}},
	{"causes", []panels.Slot{panels.SlotCauses, panels.SlotDetectors, timeline.SlotEvents}},
	{"shapes", []panels.Slot{panels.SlotShapes, panels.SlotGauges, panels.SlotAdvisor, timeline.SlotHeat}},
	{"segments", []panels.Slot{panels.SlotSegments, panels.SlotSegmentPair, panels.SlotAdvice, timeline.SlotHeat}},
	{"machine", []panels.Slot{panels.SlotFullGPU, panels.SlotSelf, timeline.SlotAllEvents}},
}

var numScreens = len(screens)

func screenNames() (names []string) {
	for _, s := range screens {
		names = append(names, s.name)
	}
	return names
}

// place is a slot and its rectangle.
type place struct {
	slot panels.Slot
	r    image.Rectangle
}

// layout is where everything stands. Places lie inside the screen, do not
// overlap, and come from the left, which is what composing a row relies on.
type layout struct {
	compact bool
	places  []place
}

func (l *layout) add(s panels.Slot, x, y, w, h int) {
	if w > 0 && h > 0 {
		l.places = append(l.places, place{s, image.Rect(x, y, x+w, y+h)})
	}
}

// at returns the slot under a cell.
func (l *layout) at(x, y int) (place, bool) {
	for _, p := range l.places {
		if image.Pt(x, y).In(p.r) {
			return p, true
		}
	}
	return place{}, false
}

// what the layout depends on besides the size.
type layoutState struct {
	screen  int  // 1–6
	start   bool // nothing measured yet
	help    bool
	output  bool // what the program printed is open
	found   bool // the list of samples is open
	prompt  int  // rows of the palette and 1, 0: nothing is being typed
	replay  bool // the position in a recording is shown
	verdict int  // lines the verdict takes
	noGPU   bool // the GPU panel only has a sentence to say

	want []int // by slot: height that would show all a slot has, frame included
}

// wants is the height that would show all a slot has.
func (s *layoutState) wants(of panels.Slot) int {
	if int(of) < len(s.want) {
		return s.want[of]
	}
	return 0
}

// arrange computes the layout of a w×h screen.
func arrange(w, h int, s layoutState) layout {
	l := layout{compact: w < 100 || h < 34}
	if w < 1 || h < 1 {
		return l
	}
	if w < 30 || h < 5 {
		l.add(panels.SlotTiny, 0, 0, w, h)
		return l
	}
	head, status, foot := 1, 0, 1
	switch {
	case h >= 30:
		head, status = 3, 1
	case h >= 18:
		head = 2
	}
	if s.replay && h >= 8 {
		status = 1 // the bar of the position
	}
	l.add(panels.SlotHeader, 0, 0, w, head)
	body, typing := h-head-status-foot, 0
	if s.prompt > 0 {
		typing = min(max(s.prompt+3, 3), max(body*3/5, 3), body)
		l.add(panels.SlotPrompt, 0, head+body-typing, w, typing)
	}
	l.body(w, head, body-typing, s)
	l.add(panels.SlotStatus, 0, h-foot-status, w, status)
	l.add(panels.SlotFooter, 0, h-foot, w, foot)
	slices.SortStableFunc(l.places, func(a, b place) int { return cmp.Or(a.r.Min.X-b.r.Min.X, a.r.Min.Y-b.r.Min.Y) })
	return l
}

func (l *layout) body(w, y, h int, s layoutState) {
	switch {
	case s.help:
		l.add(panels.SlotHelp, 0, y, w, h)
	case s.output:
		l.add(panels.SlotOutput, 0, y, w, h)
	case s.found:
		l.add(panels.SlotFound, 0, y, w, h)
	case s.start:
		l.add(panels.SlotStart, 0, y, w, h)
	case s.screen == 6 && w >= 120:
		half := w / 2
		if s.noGPU {
			half = w / 3
		}
		top := min(h/2, 16)
		if s.noGPU { // a sentence needs no room
			top = max(min(top, s.wants(panels.SlotSelf)), 3)
		}
		l.add(panels.SlotFullGPU, 0, y, half, top)
		l.add(panels.SlotSelf, half, y, w-half, top)
		l.add(timeline.SlotAllEvents, 0, y+top, w, h-top)
	case s.screen > 1:
		l.stack(w, y, h, s, screens[s.screen-1].stack)
	case l.compact:
		l.overviewSmall(w, y, h)
	default:
		l.overview(w, y, h, s)
	}
}

// overview is the first view with room: who wins and what to do, the map of
// latencies, and below it the lanes against each other, why the tail is slow
// and what happened.
func (l *layout) overview(w, y, h int, s layoutState) {
	verdict := min(min(max(s.verdict, 3), 5)+2, h)
	bottom := min(max((h-verdict)*42/100, 11), 24, h-verdict) // the palette may leave little
	heat := h - verdict - bottom
	l.add(panels.SlotVerdict, 0, y, w, verdict)
	l.add(timeline.SlotHeat, 0, y+verdict, w, heat)
	y += verdict + heat
	compare := max(w*42/100, 62)
	l.add(panels.SlotCompare, 0, y, compare, bottom)
	x, rest := compare, w-compare
	tail := rest
	if rest >= 100 {
		tail = min(max(rest*42/100, 44), 60)
	}
	switch {
	case rest >= 100 && !s.noGPU && bottom >= 18:
		l.add(panels.SlotTail, x, y, tail, bottom/2)
		l.add(panels.SlotGPU, x, y+bottom/2, tail, bottom-bottom/2)
		l.add(timeline.SlotEvents, x+tail, y, rest-tail, bottom)
	case rest >= 100:
		l.add(panels.SlotTail, x, y, tail, bottom)
		l.add(timeline.SlotEvents, x+tail, y, rest-tail, bottom)
	default:
		top := min(max(bottom/2, 5), 10, bottom)
		l.add(panels.SlotTail, x, y, rest, top)
		l.add(timeline.SlotEvents, x, y+top, rest, bottom-top)
	}
}

// overviewSmall is the first view on a small screen, without frames: what is
// needed most stays longest.
func (l *layout) overviewSmall(w, y, h int) {
	heights := share(h, []want{
		{panels.SlotVerdict, 1, 3, 0}, {timeline.SlotHeat, 4, 9, 3}, {panels.SlotCompare, 3, 4, 1},
		{panels.SlotTail, 1, 2, 2}, {timeline.SlotEvents, 2, 4, 4},
	})
	for _, p := range heights {
		l.add(p.slot, 0, y, w, p.least)
		y += p.least
	}
}

// want is a panel with the least height it makes sense at, the height that is
// good, and when it gets its share: 0 first.
type want struct {
	slot        panels.Slot
	least, good int
	turn        int
}

// share gives h rows to the panels, in the order of their turns: first the
// least of each, then what is good, the rest to the second panel. Those that
// have no room get none.
func share(h int, parts []want) []want {
	order := slices.Clone(parts)
	slices.SortFunc(order, func(a, b want) int { return a.turn - b.turn })
	got := map[panels.Slot]int{}
	for _, p := range order {
		if p.least <= h {
			got[p.slot] = p.least
			h -= p.least
		}
	}
	for _, p := range order {
		if n := got[p.slot]; n > 0 {
			more := min(h, p.good-n)
			got[p.slot], h = n+more, h-more
		}
	}
	out := make([]want, len(parts))
	for i, p := range parts {
		p.least = got[p.slot]
		out[i] = p
	}
	big := 1 // the map grows first
	if out[big].least == 0 {
		big = 2
	}
	out[big].least += h * 2 / 3
	out[len(out)-1].least += h - h*2/3
	if got[out[len(out)-1].slot] == 0 {
		out[big].least += out[len(out)-1].least
		out[len(out)-1].least = 0
	}
	return out
}

// stack puts panels above each other. Each gets the height its content wants,
// the last the rest; when the screen is too low they share it, and those at
// the end give way first.
func (l *layout) stack(w, y, h int, s layoutState, parts []panels.Slot) {
	n, need := 0, 0
	for _, p := range parts {
		if n > 0 && need+panels.Descs[p].Least > h {
			break
		}
		need, n = need+panels.Descs[p].Least, n+1
	}
	parts = parts[:n]
	heights := make([]int, n)
	spare := h - need
	for i, p := range parts {
		heights[i] = panels.Descs[p].Least
	}
	// the most modest first, so that one long list does not starve the others
	order := make([]int, 0, n)
	for i := range parts {
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return s.wants(parts[a]) - s.wants(parts[b]) })
	for _, i := range order {
		more := max(0, min(s.wants(parts[i])-heights[i], spare))
		heights[i], spare = heights[i]+more, spare-more
	}
	heights[n-1] += spare
	for i, p := range parts {
		l.add(p, 0, y, w, heights[i])
		y += heights[i]
	}
}
