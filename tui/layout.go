package tui

import (
	"image"
	"slices"

	"github.com/tailscope/tailscope/tui/panels"
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
	{"causes", []panels.Slot{panels.SlotCauses, panels.SlotDetectors, panels.SlotEvents}},
	{"shapes", []panels.Slot{panels.SlotShapes, panels.SlotGauges, panels.SlotAdvisor, panels.SlotHeat}},
	{"segments", []panels.Slot{panels.SlotSegments, panels.SlotAdvice, panels.SlotHeat}},
	{"machine", []panels.Slot{panels.SlotFullGPU, panels.SlotSelf, panels.SlotAllEvents}},
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
// overlap, and come row by row from the left.
type layout struct {
	w, h    int
	compact bool
	places  []place
}

func (l *layout) Add(s panels.Slot, x, y, w, h int) {
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
	l := layout{w: w, h: h, compact: w < 100 || h < 34}
	if w < 1 || h < 1 {
		return l
	}
	if w < 24 || h < 5 {
		l.Add(panels.SlotTiny, 0, 0, w, h)
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
	l.Add(panels.SlotHeader, 0, 0, w, head)
	l.body(w, head, h-head-status-foot, s)
	l.Add(panels.SlotStatus, 0, h-foot-status, w, status)
	l.Add(panels.SlotFooter, 0, h-foot, w, foot)
	return l
}

func (l *layout) body(w, y, h int, s layoutState) {
	switch {
	case s.help:
		l.Add(panels.SlotHelp, 0, y, w, h)
	case s.start:
		l.Add(panels.SlotStart, 0, y, w, h)
	case s.screen == 6 && w >= 120:
		half := w / 2
		if s.noGPU {
			half = w / 3
		}
		top := min(h/2, 16)
		l.Add(panels.SlotFullGPU, 0, y, half, top)
		l.Add(panels.SlotSelf, half, y, w-half, top)
		l.Add(panels.SlotAllEvents, 0, y+top, w, h-top)
	case s.screen > 1:
		l.stack(w, y, h, s, screens[s.screen-1].stack)
	case l.compact:
		l.overviewSmall(w, y, h)
	default:
		l.overview(w, y, h, s)
	}
}

// overview is the first view with room: framed panels.
func (l *layout) overview(w, y, h int, s layoutState) {
	lanes := min(max(h*38/100, 12), 26)
	verdict := min(max(s.verdict, 3), 5) + 2
	rest := h - lanes - verdict
	timeline := min(max(rest*53/100, min(9, rest-7), 7), 22)
	bottom := rest - timeline
	half := w / 2
	l.Add(panels.SlotEager, 0, y, half, lanes)
	l.Add(panels.SlotOptimized, half, y, w-half, lanes)
	l.Add(panels.SlotVerdict, 0, y+lanes, w, verdict)
	l.Add(panels.SlotHeat, 0, y+lanes+verdict, w, timeline)
	l.bottomRow(y+h-bottom, w, bottom, s.noGPU)
}

// bottomRow has the events, why the tail is slow, and the GPU. One that only
// says why it is empty stands above the tail, or makes room for it.
func (l *layout) bottomRow(y, w, h int, noGPU bool) {
	gpu := min(max(w*30/100, 36), 64)
	tail := 0
	if w >= 150 && h >= 8 {
		tail = min(max(w/4, 40), 52)
	}
	switch {
	case noGPU && tail > 0:
		const why = 4
		l.Add(panels.SlotEvents, 0, y, w-tail, h)
		l.Add(panels.SlotGPU, w-tail, y, tail, why)
		l.Add(panels.SlotTail, w-tail, y+why, tail, h-why)
	case noGPU && h >= 7: // too low for both: view 6 says why there is no GPU
		gpu = min(max(w*30/100, 36), 44)
		l.Add(panels.SlotEvents, 0, y, w-gpu, h)
		l.Add(panels.SlotTail, w-gpu, y, gpu, h)
	case noGPU:
		gpu = min(max(w/5, 30), 40)
		fallthrough
	case tail == 0 || w-tail-gpu < 60:
		l.Add(panels.SlotEvents, 0, y, w-gpu, h)
		l.Add(panels.SlotGPU, w-gpu, y, gpu, h)
	default:
		l.Add(panels.SlotEvents, 0, y, w-tail-gpu, h)
		l.Add(panels.SlotTail, w-tail-gpu, y, tail, h)
		l.Add(panels.SlotGPU, w-gpu, y, gpu, h)
	}
}

// overviewSmall is the first view on a small screen: lanes first, then the
// verdict, the timeline, the last events.
func (l *layout) overviewSmall(w, y, h int) {
	lanes, verdict := min(max(h*2/5, 3), 10), 0
	switch {
	case h >= 14:
		verdict = 2
	case h >= 4:
		verdict = 1
	}
	rest := h - lanes - verdict
	events := 0
	switch {
	case rest >= 9:
		events = rest - 7
		if rest > 16 {
			events = rest * 2 / 5
		}
	case rest >= 7:
		events = rest - 6
	case rest < 4:
		events = rest
	}
	if events == 1 { // a title alone says nothing
		events, lanes = 0, lanes+1
		if rest < 4 {
			rest--
		}
	}
	half := w / 2
	l.Add(panels.SlotEager, 0, y, half-2, lanes)
	l.Add(panels.SlotOptimized, half, y, w-half, lanes)
	l.Add(panels.SlotVerdict, 0, y+lanes, w, verdict)
	y += lanes + verdict
	bottom := h - lanes - verdict
	if w >= 110 && bottom >= 5 { // wide and low: side by side
		tl := w * 3 / 5
		l.Add(panels.SlotHeat, 0, y, tl-2, bottom)
		l.Add(panels.SlotEvents, tl, y, w-tl, bottom)
		return
	}
	l.Add(panels.SlotHeat, 0, y, w, bottom-events)
	l.Add(panels.SlotEvents, 0, y+bottom-events, w, events)
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
		l.Add(p, 0, y, w, heights[i])
		y += heights[i]
	}
}
