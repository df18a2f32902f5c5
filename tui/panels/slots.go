package panels

// Slot names a place on the screen; each is filled by one panel.
type Slot int

// Desc describes a panel: all that the screen has to know to place it, to draw
// it and to test it.
type Desc struct {
	Name      string
	Focus     bool                            // can be chosen: it scrolls, or answers a click
	Least     int                             // height it is worth showing at, frame included
	Want      func(sc *Scene, width int) int  // lines that show all it has, width cells each; nil: a heading and its rows, or no wish
	Rows      func(sc *Scene) int             // rows to choose from; nil: none
	Enter     func(sc *Scene, row int) Choice // what enter does to a row
	Sorts     bool                            // S sorts its rows and / filters them
	EnterWord string                          // what the title says of it; "": that samples are shown
	Make      func() Panel
}

// Descs lists every panel, by slot.
var Descs []Desc

// Register declares a panel and returns its slot. It is called once for each
// as the package starts.
func Register(d Desc) Slot {
	Descs = append(Descs, d)
	return Slot(len(Descs) - 1)
}

// NewPanels makes one panel for each slot.
func NewPanels(sc *Scene) []Panel {
	out := make([]Panel, len(Descs))
	for i := range Descs {
		out[i] = Descs[i].Make()
		out[i].Place(sc, Slot(i))
	}
	return out
}
