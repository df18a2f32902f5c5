package paint

import (
	"strconv"
	"strings"
)

// Screen is what a terminal shows, as far as it is known. The zero value knows
// nothing.
type Screen struct {
	w, h  int
	lines []string // of the last frame
	rows  [][]cell // what they show; of length 0: unknown
	next  []cell   // memory for the line that is read
	t     tables
}

// Forget makes the next frame be painted whole.
func (s *Screen) Forget() { s.w = 0 }

// Paint appends to dst what makes a terminal of w×h cells show frame, its lines
// from the top; lines that are missing are blank. It leaves the colours as they
// were at the start, and the cursor anywhere.
func (s *Screen) Paint(dst []byte, frame string, w, h int) []byte {
	if w < 1 || h < 1 {
		return dst
	}
	if w != s.w || h != s.h || s.t.full() {
		s.clear(w, h)
	}
	pen, begin := uint16(0), len(dst)
	for y := range h {
		line, rest, _ := strings.Cut(frame, "\n")
		frame = rest
		if line == s.lines[y] && len(s.rows[y]) > 0 {
			s.lines[y] = line // the old frame's memory is let go
			continue
		}
		s.next = s.t.read(s.next, line, w)
		if len(dst) == begin {
			dst = append(dst, noWrap...)
		}
		dst, pen = s.row(dst, y, pen)
		s.lines[y], s.rows[y], s.next = line, s.next, s.rows[y]
	}
	if len(dst) == begin+len(noWrap) {
		return dst[:begin]
	}
	if pen != 0 {
		dst = append(dst, s.t.styles[0]...)
	}
	if len(dst) > begin {
		dst = append(dst, wrap...)
	}
	return dst
}

// While a frame is painted, nothing may wrap: a character that a terminal takes
// for wider than it is would push the lines below.
const noWrap, wrap = "\x1b[?7l", "\x1b[?7h"

func (s *Screen) clear(w, h int) {
	s.w, s.h = w, h
	s.t.reset()
	s.lines, s.rows = make([]string, h), make([][]cell, h)
}

// gap is how many cells that are right already are written again rather than
// jumped over.
const gap = 4

// row appends what turns row y into s.next.
func (s *Screen) row(dst []byte, y int, pen uint16) ([]byte, uint16) {
	was, now := s.rows[y], s.next
	same := func(x int) bool { return len(was) > 0 && was[x] == now[x] }
	if x := looseFrom(was, now); x >= 0 { // a terminal may see the rest elsewhere: all of it
		was = was[:min(x, len(was))]
		same = func(x int) bool { return x < len(was) && was[x] == now[x] }
	}
	for x := 0; x < len(now); x++ {
		if same(x) {
			continue
		}
		if now[x].wide == 0 && x > 0 {
			x--
		}
		dst = move(dst, y, x)
		for end := runEnd(same, x, len(now)); x < end; x++ {
			c := now[x]
			if c.wide == 0 {
				continue
			}
			if c.style != pen {
				dst, pen = append(dst, s.t.styles[c.style]...), c.style
			}
			dst = s.t.put(dst, c)
			if c.loose && x+int(c.wide) < len(now) {
				dst = move(dst, y, x+int(c.wide))
			}
		}
	}
	return dst, pen
}

// runEnd is where what is written from x on ends: nothing differs for a gap.
func runEnd(same func(int) bool, x, w int) int {
	end := x + 1
	for i := x + 1; i < min(w, end+gap); i++ {
		if !same(i) {
			end = i + 1
		}
	}
	return end
}

// looseFrom is the first cell that differs where either line holds characters
// that terminals do not agree about; −1: there are none, or nothing differs.
func looseFrom(was, now []cell) int {
	loose, first := false, -1
	for x := range now {
		loose = loose || now[x].loose || x < len(was) && was[x].loose
		if first < 0 && (x >= len(was) || was[x] != now[x]) {
			first = x
		}
	}
	if !loose {
		return -1
	}
	return first
}

func move(dst []byte, y, x int) []byte {
	dst = append(dst, "\x1b["...)
	dst = strconv.AppendInt(dst, int64(y+1), 10)
	if x > 0 {
		dst = append(dst, ';')
		dst = strconv.AppendInt(dst, int64(x+1), 10)
	}
	return append(dst, 'H')
}
