package draw

import (
	"cmp"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// kindRow is how one kind of event is drawn.
type kindRow struct {
	glyph string // of one cell
	ink   func(*Styles) Ink
	rank  int    // where only one can be drawn, the highest is
	name  string // where its own is too long for a column, or called otherwise elsewhere
}

var (
	tag    = func(s *Styles) Ink { return s.Tag }
	muted  = func(s *Styles) Ink { return s.Muted }
	warn   = func(s *Styles) Ink { return s.Warn }
	bad    = func(s *Styles) Ink { return s.Bad }
	strong = func(s *Styles) Ink { return s.Strong }
)

var kindRows = map[stats.Kind]kindRow{
	stats.KindWorkerExit:    {"✕", bad, 9, ""},
	stats.KindError:         {"✕", bad, 9, ""},
	stats.KindToggle:        {"┃", strong, 8, ""},
	stats.KindSegment:       {"┃", strong, 8, ""},
	stats.KindMark:          {"┃", strong, 8, ""},
	stats.KindLimitReached:  {"■", bad, 7, "limit"},
	stats.KindDivergence:    {"≠", bad, 7, ""},
	stats.KindCompile:       {"▲", tag, 6, ""},
	stats.KindRecompile:     {"▲", tag, 6, ""},
	stats.KindGraphCapture:  {"●", tag, 6, "capture"},
	stats.KindFallback:      {"▼", warn, 5, ""},
	stats.KindEvict:         {"▼", warn, 5, ""},
	stats.KindThrottle:      {"▾", warn, 5, ""},
	stats.KindClockDrop:     {"▾", warn, 5, ""},
	stats.KindWorkerRestart: {"↻", warn, 4, "restart"},
	stats.KindSpike:         {"!", warn, 3, ""},
	stats.KindColdStart:     {"!", warn, 3, ""},
	stats.KindShapeNew:      {"△", muted, 2, "new shape"}, // as the ledger and the map call it
	stats.KindRoute:         {"▼", warn, 1, ""},
}

func rowOf(k stats.Kind) kindRow {
	if r, ok := kindRows[k]; ok {
		return r
	}
	return kindRow{"·", muted, 1, ""}
}

// KindLook is how one kind of event is drawn: a glyph of one cell and an ink.
func (s *Styles) KindLook(k stats.Kind) (glyph string, i Ink) {
	r := rowOf(k)
	return r.glyph, r.ink(s)
}

// KindRank orders kinds where only one can be drawn: the higher is shown.
func KindRank(k stats.Kind) int { return rowOf(k).rank }

// KindName is what a kind of event is called.
func KindName(k stats.Kind) string {
	return cmp.Or(rowOf(k).name, strings.ReplaceAll(string(k), "_", " "))
}
