package tui

// slot names a place on the screen; each is filled by one panel.
type slot int

// desc describes a panel: all that the screen has to know to place it, to draw
// it and to test it.
type desc struct {
	name  string
	focus bool                           // can be chosen: it scrolls, or answers a click
	least int                            // height it is worth showing at, frame included
	want  func(sc *scene, width int) int // lines that show all it has, width cells each; nil: no wish
	make  func() panel
}

// descs lists every panel, by slot.
var descs []desc

// register declares a panel and returns its slot. It is called once for each
// as the package starts.
func register(d desc) slot {
	descs = append(descs, d)
	return slot(len(descs) - 1)
}

// newPanels makes one panel for each slot.
func newPanels(sc *scene) []panel {
	out := make([]panel, len(descs))
	for i := range descs {
		out[i] = descs[i].make()
		out[i].place(sc, slot(i))
	}
	return out
}
