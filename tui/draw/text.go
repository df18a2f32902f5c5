package draw

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/tailscope/tailscope/runner/plain"
)

// Ink is a lipgloss style boiled down to the bytes before and after a text.
// A frame holds over a thousand short runs; boiling keeps it under a
// millisecond where rendering each through lipgloss takes several.
type Ink struct{ pre, post string }

func newInk(s lipgloss.Style) Ink {
	pre, post, ok := strings.Cut(s.Render("x"), "x")
	if !ok {
		return Ink{}
	}
	return Ink{pre, post}
}

// On returns s in this ink.
func (k Ink) On(s string) string {
	if s == "" {
		return ""
	}
	return k.pre + s + k.post
}

// Cells returns how many terminal cells s takes; s holds no escape codes.
func Cells(s string) int {
	n, easy := narrow(s)
	if !easy {
		return ansi.StringWidth(s)
	}
	return n
}

// narrow counts the characters of s; easy reports whether each of them surely
// takes one cell by itself, which no control character does.
func narrow(s string) (n int, easy bool) {
	for _, r := range s {
		if !Narrow(r) {
			return 0, false
		}
		n++
	}
	return n, true
}

// Narrow reports whether r surely takes one cell by itself: ASCII, Latin,
// Greek, and the dashes, arrows, boxes, blocks and marks the screen is made of.
func Narrow(r rune) bool {
	switch {
	case r < 0x7f:
		return r >= 0x20
	case r < 0x300:
		return r >= 0xa1 && r != 0xad
	case r >= 0x391 && r <= 0x3c9, r >= 0x2010 && r <= 0x2027, r >= 0x2030 && r <= 0x203b, r >= 0x2190 && r <= 0x2199, r >= 0x2200 && r <= 0x22ff:
		return true
	case r >= 0x2500 && r <= 0x25fc, r >= 0x2800 && r <= 0x28ff, r == 0x2713, r == 0x2715:
		return true
	}
	return false
}

// Clean makes foreign text (model names, an engine's reasons) safe to print:
// control and direction-changing characters become spaces.
func Clean(s string) string {
	if _, easy := narrow(s); easy {
		return s
	}
	if !strings.ContainsAny(s, joiners) {
		return plain.Line(s)
	}
	// terminals do not agree on how wide joined emoji are: apart they do
	return plain.Line(strings.Map(func(r rune) rune {
		if strings.ContainsRune(joiners, r) {
			return -1
		}
		return r
	}, s))
}

// joiners make one sign of several: the zero-width joiner, and the selectors of
// a variant.
const joiners = "\u200d\ufe0e\ufe0f"

// Fit shortens s to at most w cells, at a word where one is near, and marks
// the cut with an ellipsis.
func Fit(s string, w int) string {
	s, _ = fit(s, w)
	return s
}

// fit is Fit, and how many cells that takes.
func fit(s string, w int) (string, int) {
	if n, easy := narrow(s); easy && n <= max(w, 0) {
		return s, n
	}
	s = shorten(s, w)
	return s, Cells(s)
}

func shorten(s string, w int) string {
	if w <= 0 {
		return ""
	}
	s = Clean(s)
	if Cells(s) <= w {
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
	return wholeNumber(s, strings.TrimRight(cut, " ,;:."), w) + "…"
}

// wholeNumber keeps an ellipsis off the digits of a number that ends cut, the
// beginning of s: one that goes on is left out, one that is whole stands apart.
func wholeNumber(s, cut string, w int) string {
	digit := func(r rune) bool { return r >= '0' && r <= '9' }
	if cut == "" || !digit(rune(cut[len(cut)-1])) {
		return cut
	}
	whole := len(cut) == len(s) || !digit(rune(s[len(cut)])) && s[len(cut)] != '.' && s[len(cut)] != ','
	if whole && Cells(cut)+2 <= w {
		return cut + " "
	}
	cut = strings.TrimRight(strings.TrimRightFunc(cut, func(r rune) bool { return digit(r) || r == '.' || r == ',' }), " +−-×/")
	if cut != "" && digit(rune(cut[len(cut)-1])) { // the number before it
		cut += " "
	}
	return cut
}

// Left pads s on the right to w cells, right pads it on the left.
func Left(s string, w int) string {
	s, n := fit(s, w)
	return s + Spaces(w-n)
}

func Right(s string, w int) string {
	s, n := fit(s, w)
	return Spaces(w-n) + s
}

const blank = "                                                                                                                                "

func Spaces(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blank) {
		return blank[:n]
	}
	return strings.Repeat(" ", n)
}

// Wrap breaks s into lines of at most w cells at words, at most max lines; the
// last one ends in an ellipsis where text is left over.
func Wrap(s string, w, max int) []string {
	if w < 1 || max < 1 {
		return nil
	}
	var out []string
	words := strings.Fields(Clean(s))
	for len(words) > 0 {
		if len(out) == max-1 {
			return append(out, Fit(strings.Join(words, " "), w))
		}
		n, used := 1, Cells(words[0])
		for n < len(words) && used+1+Cells(words[n]) <= w {
			used += 1 + Cells(words[n])
			n++
		}
		out = append(out, Fit(strings.Join(words[:n], " "), w))
		words = words[n:]
	}
	return out
}

// Line collects runs of text up to a number of cells and never exceeds it.
type Line struct {
	B      strings.Builder
	W, max int
}

func NewLine(max int) *Line {
	l := &Line{max: max}
	if max < 1 {
		return l
	}
	l.B.Grow(max * 2)
	return l
}

func (l *Line) Room() int { return l.max - l.W }

// Put appends s in ink k, shortened to what room there is.
func (l *Line) Put(k Ink, s string) *Line {
	s, n := fit(s, l.Room())
	if s != "" {
		l.B.WriteString(k.pre)
		l.B.WriteString(s)
		l.B.WriteString(k.post)
		l.W += n
	}
	return l
}

// Phrase appends runs only if all of them fit, so that a line ends at a
// phrase and not inside one.
func (l *Line) Phrase(runs ...Run) bool {
	n := 0
	for i := range runs {
		runs[i].S = Clean(runs[i].S)
		n += Cells(runs[i].S)
	}
	if n > l.Room() {
		return false
	}
	for _, r := range runs {
		l.Put(r.K, r.S)
	}
	return true
}

// Raw appends s, which holds escape codes and takes exactly w cells, if it fits.
func (l *Line) Raw(s string, w int) *Line {
	if w <= l.Room() {
		l.B.WriteString(s)
		l.W += w
	}
	return l
}

// To pads with spaces up to column col.
func (l *Line) To(col int) *Line {
	if n := min(col, l.max) - l.W; n > 0 {
		l.B.WriteString(Spaces(n))
		l.W += n
	}
	return l
}

func (l *Line) Gap(n int) *Line { return l.To(l.W + n) }

// String returns the line padded to its full width.
func (l *Line) String() string {
	l.To(l.max)
	return l.B.String()
}

// Block turns lines into exactly h lines of w cells; short ones are padded by
// their makers, missing ones here.
func Block(lines []string, w, h int) []string {
	if len(lines) > h {
		lines = lines[:max(h, 0)]
	}
	for len(lines) < h {
		lines = append(lines, Spaces(w))
	}
	return lines
}

// Strip collects single cells and writes an escape code only where the ink
// changes.
type Strip struct {
	b   strings.Builder
	cur Ink
}

func (s *Strip) Add(k Ink, cell string) {
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

func (s *Strip) String() string {
	s.b.WriteString(s.cur.post)
	s.cur = Ink{}
	return s.b.String()
}
