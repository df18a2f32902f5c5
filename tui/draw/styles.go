package draw

import (
	"charm.land/lipgloss/v2"

	"github.com/tailscope/tailscope/stats"
)

// Styles holds every ink of the screen under the name of its meaning. It is
// rebuilt when the terminal tells its background, and shared by all panels.
//
// Lanes are told apart three ways: colour (a pair that people who are
// colour-blind can tell), mark (◇ ◆) and line (dashed, heavy).
type Styles struct {
	Text, Muted, Faint, Strong Ink
	Border, BorderFocus, Title Ink
	Lane                       [stats.NumLanes]Ink
	LaneStrong                 [stats.NumLanes]Ink
	Tag, Ok, Warn, Bad         Ink
	Key, KeyText               Ink
	Badge, BadgeWarn, BadgeBad Ink
	Tab, TabOn                 Ink
	Selected, SelectedFaint    Ink
	heat                       *heatInks // nil: too few colours for a heat map
	mono                       bool      // no colour: shapes must carry what colour would
}

// palette is a theme: colours by meaning, numbers of the 256.
type palette struct {
	muted, faint, border, focus, eager, optimized, tag, ok, warn, bad, selected, onBadge string
}

var (
	// terminals with true colour show the same picture
	darkPalette = palette{muted: "246", faint: "242", border: "238", focus: "250",
		eager: "179", optimized: "75", tag: "175", ok: "72", warn: "185", bad: "203",
		selected: "236", onBadge: "233"}
	// the 16 colours by number: what must be read keeps away from those that are
	// pale on one background, and eager from what compiles and warns are drawn in
	few = [2]palette{
		{muted: "8", faint: "8", border: "8", focus: "0", eager: "0", optimized: "4", tag: "5", ok: "2", warn: "1", bad: "1", selected: "7", onBadge: "0"},
		{muted: "7", faint: "8", border: "8", focus: "15", eager: "3", optimized: "12", tag: "13", ok: "10", warn: "11", bad: "9", selected: "8", onBadge: "0"},
	}
	palettes = map[Colours][2]palette{NoColour: {lightPalette, darkPalette}, FewColours: few, FullColour: {lightPalette, darkPalette}}

	lightPalette = palette{muted: "240", faint: "244", border: "250", focus: "236",
		eager: "130", optimized: "25", tag: "132", ok: "29", warn: "94", bad: "124",
		selected: "253", onBadge: "231"}
)

// Colours is how many colours a terminal has.
type Colours int

// Less than FullColour means the 16 that every user has chosen to their taste,
// or none.
const (
	NoColour Colours = iota
	FewColours
	FullColour
)

// NewStyles makes the inks for a background and so many colours.
func NewStyles(dark bool, colours Colours) *Styles {
	mono := colours == NoColour
	p := palettes[colours][map[bool]int{false: 0, true: 1}[dark]]
	fg := func(c string) lipgloss.Style {
		if mono {
			return lipgloss.NewStyle()
		}
		return lipgloss.NewStyle().Foreground(lipgloss.Color(c))
	}
	badge := func(c string) Ink {
		if mono {
			return newInk(lipgloss.NewStyle().Reverse(true).Bold(true))
		}
		return newInk(lipgloss.NewStyle().Background(lipgloss.Color(c)).Foreground(lipgloss.Color(p.onBadge)).Bold(true))
	}
	faint := fg(p.faint)
	if mono {
		faint = faint.Faint(true)
	}
	sel := lipgloss.NewStyle().Background(lipgloss.Color(p.selected)).Bold(true)
	selFaint := faint.Background(lipgloss.Color(p.selected))
	if mono {
		sel = lipgloss.NewStyle().Reverse(true)
		selFaint = sel.Faint(true)
	}
	s := &Styles{
		mono: mono,
		Text: Ink{}, Muted: newInk(fg(p.muted)), Faint: newInk(faint), Strong: newInk(lipgloss.NewStyle().Bold(true)),
		Border: newInk(fg(p.border)), BorderFocus: newInk(fg(p.focus).Bold(mono)), Title: newInk(lipgloss.NewStyle().Bold(true)),
		Tag: newInk(fg(p.tag)), Ok: newInk(fg(p.ok)), Warn: newInk(fg(p.warn)), Bad: newInk(fg(p.bad).Bold(true)),
		Key: newInk(fg(p.focus).Bold(true)), KeyText: newInk(fg(p.muted)),
		Badge: badge(p.ok), BadgeWarn: badge(p.warn), BadgeBad: badge(p.bad),
		Tab: newInk(fg(p.muted)), TabOn: newInk(lipgloss.NewStyle().Bold(true).Underline(true)),
		Selected: newInk(sel), SelectedFaint: newInk(selFaint),
	}
	if colours == FullColour {
		s.heat = newHeatInks(dark)
	}
	s.Lane[stats.Eager], s.Lane[stats.Optimized] = newInk(fg(p.eager)), newInk(fg(p.optimized))
	s.LaneStrong[stats.Eager], s.LaneStrong[stats.Optimized] = newInk(fg(p.eager).Bold(true)), newInk(fg(p.optimized).Bold(true))
	return s
}

// LaneMark tells the lanes apart without colour.
func LaneMark(l stats.Lane) string {
	if l == stats.Optimized {
		return "◆"
	}
	return "◇"
}
