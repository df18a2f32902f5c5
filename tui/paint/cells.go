package paint

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/tailscope/tailscope/tui/draw"
)

// cell is one column of the terminal. The second column of a wide character is
// a cell of width 0.
type cell struct {
	r     rune   // beyond utf8.MaxRune: an index into the table of clusters
	style uint16 // index into the table of styles
	wide  uint8  // 0 to 2
	loose bool   // terminals may take it for wider or narrower than we do
}

// tables give numbers to what does not fit into a cell: colours as escape codes,
// and characters of several runes.
type tables struct {
	styles   []string // the sequence that sets it, whatever was set before
	styleNo  map[string]uint16
	clusters []string
	cluster  map[string]rune
}

// maxEntries bounds the tables; beyond it they start again.
const maxEntries = 4096

func (t *tables) reset() {
	*t = tables{styles: []string{"\x1b[m"}, styleNo: map[string]uint16{"": 0}, cluster: map[string]rune{}}
}

func (t *tables) full() bool { return len(t.styles) > maxEntries || len(t.clusters) > maxEntries }

// style is the number of the colours that params, "1;38;5;75;", set.
func (t *tables) style(params []byte) uint16 {
	if n, ok := t.styleNo[string(params)]; ok {
		return n
	}
	n := uint16(len(t.styles))
	t.styleNo[string(params)] = n
	t.styles = append(t.styles, "\x1b[0;"+strings.TrimSuffix(string(params), ";")+"m")
	return n
}

func (t *tables) clusterOf(s string) rune {
	if r, size := utf8.DecodeRuneInString(s); size == len(s) {
		return r
	}
	if r, ok := t.cluster[s]; ok {
		return r
	}
	r := utf8.MaxRune + 1 + rune(len(t.clusters))
	t.cluster[s] = r
	t.clusters = append(t.clusters, s)
	return r
}

// put appends the text of a cell.
func (t *tables) put(dst []byte, c cell) []byte {
	if c.r > utf8.MaxRune {
		return append(dst, t.clusters[c.r-utf8.MaxRune-1]...)
	}
	return utf8.AppendRune(dst, c.r)
}

var blank = cell{r: ' ', wide: 1}

// read turns a line into exactly w cells in dst's memory. Of escape codes only
// colours are known, others are left out.
func (t *tables) read(dst []cell, line string, w int) []cell {
	dst = dst[:0]
	var params []byte
	style := uint16(0)
	for i := 0; i < len(line) && len(dst) < w; {
		b := line[i]
		switch {
		case b == 0x1b:
			n, sgr := escape(line[i:])
			if sgr {
				params = addParams(params, line[i+2:i+n-1])
				style = t.style(params)
			}
			i += n
		case b >= 0x20 && b < 0x7f && (i+1 == len(line) || line[i+1] < 0xcc):
			dst = append(dst, cell{r: rune(b), style: style, wide: 1})
			i++
		case b < 0x20 || b == 0x7f:
			i++
		default:
			n, c := t.character(line[i:])
			i += n
			c.style = style
			if c.wide == 2 && len(dst)+2 > w {
				c = cell{r: ' ', style: style, wide: 1}
			}
			if c.wide > 0 {
				dst = append(dst, c)
			}
			if c.wide == 2 {
				dst = append(dst, cell{style: style})
			}
		}
	}
	for len(dst) < w {
		dst = append(dst, blank)
	}
	return dst
}

// character is the first one of s and how many bytes it takes.
func (t *tables) character(s string) (int, cell) {
	r, n := utf8.DecodeRuneInString(s)
	next, _ := utf8.DecodeRuneInString(s[n:])
	if draw.Narrow(r) && (n == len(s) || next == 0x1b || draw.Narrow(next)) {
		return n, cell{r: r, wide: 1}
	}
	text, w := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	if text == "" {
		return max(n, 1), cell{}
	}
	return len(text), cell{r: t.clusterOf(text), wide: uint8(min(max(w, 0), 2)), loose: !draw.Narrow(r) || len(text) > n}
}

// escape is the length of the escape sequence that s begins with, and whether it
// sets colours.
func escape(s string) (n int, sgr bool) {
	if len(s) < 2 || s[1] != '[' {
		return min(2, len(s)), false
	}
	for i := 2; i < len(s); i++ {
		if s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1, s[i] == 'm'
		}
	}
	return len(s), false
}

// addParams adds the parameters of a sequence to those in force; an empty or
// leading 0 ends what was.
func addParams(in []byte, p string) []byte {
	if p == "" || p == "0" {
		return in[:0]
	}
	if rest, ok := strings.CutPrefix(p, "0;"); ok {
		in, p = in[:0], rest
	}
	return append(append(in, p...), ';')
}
