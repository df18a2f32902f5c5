package tui

import (
	"charm.land/lipgloss/v2"

	"github.com/tailscope/tailscope/stats"
)

// styles holds every ink of the screen under the name of its meaning. It is
// rebuilt when the terminal tells its background, and shared by all panels.
//
// Lanes are told apart three ways: colour (a pair that people who are
// colour-blind can tell), mark (◇ ◆) and line (dashed, heavy).
type styles struct {
	text, muted, faint, strong ink
	border, borderFocus, title ink
	lane                       [stats.NumLanes]ink
	laneStrong                 [stats.NumLanes]ink
	tag, ok, warn, bad         ink
	key, keyText               ink
	badge, badgeWarn, badgeBad ink
	tab, tabOn                 ink
	selected                   ink
	mono                       bool // no colour: shapes must carry what colour would
}

// palette is a theme: hexadecimal colours by meaning.
type palette struct {
	muted, faint, border, focus, eager, optimized, tag, ok, warn, bad, selected, onBadge string
}

var (
	// colours of the 256-colour cube, so that terminals without true colour
	// show the same picture
	darkPalette = palette{muted: "#949494", faint: "#6c6c6c", border: "#444444", focus: "#bcbcbc",
		eager: "#d7af5f", optimized: "#5fafff", tag: "#d787af", ok: "#5faf87", warn: "#d7d75f", bad: "#ff5f5f",
		selected: "#303030", onBadge: "#121212"}
	lightPalette = palette{muted: "#585858", faint: "#808080", border: "#bcbcbc", focus: "#303030",
		eager: "#af5f00", optimized: "#005faf", tag: "#af5f87", ok: "#00875f", warn: "#875f00", bad: "#af0000",
		selected: "#dadada", onBadge: "#ffffff"}
)

func newStyles(dark, mono bool) *styles {
	p := lightPalette
	if dark {
		p = darkPalette
	}
	fg := func(c string) lipgloss.Style {
		if mono {
			return lipgloss.NewStyle()
		}
		return lipgloss.NewStyle().Foreground(lipgloss.Color(c))
	}
	badge := func(c string) ink {
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
	if mono {
		sel = lipgloss.NewStyle().Reverse(true)
	}
	s := &styles{
		mono: mono,
		text: ink{}, muted: newInk(fg(p.muted)), faint: newInk(faint), strong: newInk(lipgloss.NewStyle().Bold(true)),
		border: newInk(fg(p.border)), borderFocus: newInk(fg(p.focus).Bold(mono)), title: newInk(lipgloss.NewStyle().Bold(true)),
		tag: newInk(fg(p.tag)), ok: newInk(fg(p.ok)), warn: newInk(fg(p.warn)), bad: newInk(fg(p.bad).Bold(true)),
		key: newInk(fg(p.focus).Bold(true)), keyText: newInk(fg(p.muted)),
		badge: badge(p.ok), badgeWarn: badge(p.warn), badgeBad: badge(p.bad),
		tab: newInk(fg(p.muted)), tabOn: newInk(lipgloss.NewStyle().Bold(true).Underline(true)),
		selected: newInk(sel),
	}
	s.lane[stats.Eager], s.lane[stats.Optimized] = newInk(fg(p.eager)), newInk(fg(p.optimized))
	s.laneStrong[stats.Eager], s.laneStrong[stats.Optimized] = newInk(fg(p.eager).Bold(true)), newInk(fg(p.optimized).Bold(true))
	return s
}

// laneMark tells the lanes apart without colour.
func laneMark(l stats.Lane) string {
	if l == stats.Optimized {
		return "◆"
	}
	return "◇"
}

// kindLook is how one kind of event is drawn: a glyph of one cell and an ink.
func (s *styles) kindLook(k stats.Kind) (glyph string, i ink) {
	switch k {
	case stats.KindCompile, stats.KindRecompile:
		return "▲", s.tag
	case stats.KindGraphCapture:
		return "●", s.tag
	case stats.KindShapeNew:
		return "△", s.muted
	case stats.KindLimitReached:
		return "■", s.bad
	case stats.KindFallback, stats.KindRoute, stats.KindEvict:
		return "▼", s.warn
	case stats.KindSpike, stats.KindColdStart:
		return "!", s.warn
	case stats.KindThrottle, stats.KindClockDrop:
		return "▾", s.warn
	case stats.KindDivergence:
		return "≠", s.bad
	case stats.KindWorkerExit, stats.KindError, stats.KindDrop:
		return "✕", s.bad
	case stats.KindWorkerRestart:
		return "↻", s.warn
	case stats.KindToggle, stats.KindSegment, stats.KindMark:
		return "┃", s.strong
	}
	return "·", s.muted
}

// kindRank orders kinds where only one can be drawn: the higher is shown.
func kindRank(k stats.Kind) int {
	switch k {
	case stats.KindWorkerExit, stats.KindError:
		return 9
	case stats.KindSegment, stats.KindToggle, stats.KindMark:
		return 8
	case stats.KindLimitReached, stats.KindDivergence:
		return 7
	case stats.KindCompile, stats.KindRecompile, stats.KindGraphCapture:
		return 6
	case stats.KindFallback, stats.KindThrottle, stats.KindClockDrop, stats.KindEvict:
		return 5
	case stats.KindWorkerRestart:
		return 4
	case stats.KindSpike, stats.KindColdStart:
		return 3
	case stats.KindShapeNew:
		return 2
	}
	return 1
}
