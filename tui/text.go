package tui

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// ink is a lipgloss style boiled down to the bytes before and after a text.
// A frame holds over a thousand short runs; boiling keeps it under a
// millisecond where rendering each through lipgloss takes several.
type ink struct{ pre, post string }

func newInk(s lipgloss.Style) ink {
	pre, post, ok := strings.Cut(s.Render("x"), "x")
	if !ok {
		return ink{}
	}
	return ink{pre, post}
}

// on returns s in this ink.
func (k ink) on(s string) string {
	if s == "" {
		return ""
	}
	return k.pre + s + k.post
}

// cells returns how many terminal cells s takes; s holds no escape codes.
func cells(s string) int {
	n := 0
	for _, r := range s {
		if !narrow(r) {
			return ansi.StringWidth(s)
		}
		n++
	}
	return n
}

// narrow reports whether r surely takes one cell by itself: ASCII, Latin,
// Greek, and the dashes, arrows, boxes, blocks and marks the screen is made of.
func narrow(r rune) bool {
	switch {
	case r < 0x7f:
		return r >= 0x20
	case r < 0x300:
		return r >= 0xa1 && r != 0xad
	case r >= 0x391 && r <= 0x3c9, r >= 0x2010 && r <= 0x2027, r >= 0x2030 && r <= 0x203b, r >= 0x2190 && r <= 0x2199, r >= 0x2200 && r <= 0x22ff:
		return true
	case r >= 0x2500 && r <= 0x25fc, r == 0x2713, r == 0x2715:
		return true
	}
	return false
}

// clean makes foreign text (model names, an engine's reasons) safe to print:
// control and direction-changing characters become spaces.
func clean(s string) string {
	bad := func(r rune) bool {
		return unicode.IsControl(r) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069)
	}
	if strings.IndexFunc(s, bad) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if bad(r) {
			return ' '
		}
		return r
	}, s)
}

// fit shortens s to at most w cells, at a word where one is near, and marks
// the cut with an ellipsis.
func fit(s string, w int) string {
	if w <= 0 {
		return ""
	}
	s = clean(s)
	if cells(s) <= w {
		return s
	}
	if w == 1 {
		return "…"
	}
	cut := ansi.Truncate(s, w-1, "")
	if rest := s[len(cut):]; !strings.HasPrefix(rest, " ") {
		if i := strings.LastIndexByte(cut, ' '); i >= len(cut)/2 {
			cut = cut[:i]
		}
	}
	return strings.TrimRight(cut, " ,;:") + "…"
}

// left pads s on the right to w cells, right pads it on the left.
func left(s string, w int) string {
	s = fit(s, w)
	return s + spaces(w-cells(s))
}

func right(s string, w int) string {
	s = fit(s, w)
	return spaces(w-cells(s)) + s
}

const blank = "                                                                                                                                "

func spaces(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blank) {
		return blank[:n]
	}
	return strings.Repeat(" ", n)
}

// wrap breaks s into lines of at most w cells at words, at most max lines; the
// last one ends in an ellipsis where text is left over.
func wrap(s string, w, max int) []string {
	if w < 1 || max < 1 {
		return nil
	}
	var out []string
	words := strings.Fields(clean(s))
	for len(words) > 0 {
		if len(out) == max-1 {
			return append(out, fit(strings.Join(words, " "), w))
		}
		n, used := 1, cells(words[0])
		for n < len(words) && used+1+cells(words[n]) <= w {
			used += 1 + cells(words[n])
			n++
		}
		out = append(out, fit(strings.Join(words[:n], " "), w))
		words = words[n:]
	}
	return out
}

// line collects runs of text up to a number of cells and never exceeds it.
type line struct {
	b      strings.Builder
	w, max int
}

func newLine(max int) *line {
	l := &line{max: max}
	if max < 1 {
		return l
	}
	l.b.Grow(max * 2)
	return l
}

func (l *line) room() int { return l.max - l.w }

// put appends s in ink k, shortened to what room there is.
func (l *line) put(k ink, s string) *line {
	s = fit(s, l.room())
	if s != "" {
		l.b.WriteString(k.pre)
		l.b.WriteString(s)
		l.b.WriteString(k.post)
		l.w += cells(s)
	}
	return l
}

// phrase appends runs only if all of them fit, so that a line ends at a
// phrase and not inside one.
func (l *line) phrase(runs ...run) bool {
	n := 0
	for i := range runs {
		runs[i].s = clean(runs[i].s)
		n += cells(runs[i].s)
	}
	if n > l.room() {
		return false
	}
	for _, r := range runs {
		l.put(r.k, r.s)
	}
	return true
}

// phraseLine is phrase, and then the line as text.
func (l *line) phraseLine(runs ...run) string {
	l.phrase(runs...)
	return l.String()
}

// raw appends s, which holds escape codes and takes exactly w cells, if it fits.
func (l *line) raw(s string, w int) *line {
	if w <= l.room() {
		l.b.WriteString(s)
		l.w += w
	}
	return l
}

// to pads with spaces up to column col.
func (l *line) to(col int) *line {
	if n := min(col, l.max) - l.w; n > 0 {
		l.b.WriteString(spaces(n))
		l.w += n
	}
	return l
}

func (l *line) gap(n int) *line { return l.to(l.w + n) }

// String returns the line padded to its full width.
func (l *line) String() string {
	l.to(l.max)
	return l.b.String()
}

// block turns lines into exactly h lines of w cells; short ones are padded by
// their makers, missing ones here.
func block(lines []string, w, h int) []string {
	if len(lines) > h {
		lines = lines[:max(h, 0)]
	}
	for len(lines) < h {
		lines = append(lines, spaces(w))
	}
	return lines
}

func decode(s string) (rune, int) { return utf8.DecodeRuneInString(s) }

// strip collects single cells and writes an escape code only where the ink
// changes.
type strip struct {
	b   strings.Builder
	cur ink
}

func (s *strip) add(k ink, cell string) {
	if s.b.Len() == 0 {
		s.b.Grow(512)
	}
	if k.pre != s.cur.pre {
		s.b.WriteString(s.cur.post)
		s.b.WriteString(k.pre)
		s.cur = k
	}
	s.b.WriteString(cell)
}

func (s *strip) String() string {
	s.b.WriteString(s.cur.post)
	s.cur = ink{}
	return s.b.String()
}
