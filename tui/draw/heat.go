package draw

import (
	"fmt"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/heat"
)

// HeatLevels is how many steps of brightness a hue of the heat map has.
const HeatLevels = 7

// hues of the heat map: the classes, clean once for each lane.
const numHues = int(heat.NumClasses) - 1 + stats.NumLanes

// HueOf is the hue of a class in a lane.
func HueOf(c heat.Class, l stats.Lane) int {
	if c == heat.Clean {
		return int(l)
	}
	return int(c) - 1 + stats.NumLanes
}

// heatInks are the bytes that set a colour, as text and as background, by hue
// and level.
type heatInks struct{ fg, bg [numHues][HeatLevels]string }

// heatRamps go from few to many, in colours of the 256-colour cube, which every
// terminal worth a heat map has: by hue eager, optimized, first, fallback, host,
// capture, compile, unexplained.
var heatRamps = map[bool][numHues][HeatLevels]uint8{
	true: {
		{94, 130, 136, 172, 178, 214, 222}, {24, 25, 31, 32, 33, 39, 117},
		{23, 29, 35, 36, 42, 48, 121}, {240, 243, 246, 249, 252, 254, 255}, {64, 70, 106, 112, 148, 154, 191},
		{54, 55, 97, 98, 99, 141, 183}, {89, 125, 161, 162, 198, 205, 212}, {88, 124, 160, 196, 203, 209, 217},
	},
	false: {
		{223, 222, 215, 179, 172, 130, 94}, {153, 117, 111, 69, 33, 26, 19},
		{158, 121, 78, 42, 35, 29, 22}, {252, 250, 247, 244, 241, 238, 235}, {192, 155, 149, 112, 106, 70, 64},
		{189, 183, 141, 135, 98, 91, 54}, {225, 219, 212, 205, 199, 162, 125}, {224, 217, 210, 203, 196, 160, 124},
	},
}

func newHeatInks(dark bool) *heatInks {
	h := &heatInks{}
	for hue, ramp := range heatRamps[dark] {
		for i, c := range ramp {
			h.fg[hue][i], h.bg[hue][i] = fmt.Sprintf("\x1b[38;5;%dm", c), fmt.Sprintf("\x1b[48;5;%dm", c)
		}
	}
	return h
}

// Pixel is half a cell of the heat map. Level 0 is empty.
type Pixel struct {
	Hue   uint8
	Level uint8 // 0 to HeatLevels
}

// HeatInk is the ink of a legend's mark for a hue.
func (s *Styles) HeatInk(hue int) Ink {
	if s.heat == nil {
		return Ink{}
	}
	return Ink{s.heat.fg[hue][HeatLevels-3], "\x1b[m"}
}

// HasHeat reports whether there are colours enough for a heat map.
func (s *Styles) HasHeat() bool { return s.heat != nil }

// HeatRow writes a row of cells, each two pixels high, under glyphs that stand
// over them (rune 0: none).
func (s *Styles) HeatRow(b *strings.Builder, top, bottom []Pixel, over []Over) {
	fg, bg := "", ""
	set := func(f, g string) {
		if f == fg && g == bg {
			return
		}
		if fg != "" || bg != "" {
			b.WriteString("\x1b[m")
		}
		b.WriteString(f)
		b.WriteString(g)
		fg, bg = f, g
	}
	for i := range top {
		t, u := top[i], bottom[i]
		if over[i].R != 0 {
			back := ""
			if x := brighter(t, u); x.Level > 0 {
				back = s.heat.bg[x.Hue][x.Level-1]
			}
			set(over[i].K.pre, back)
			b.WriteRune(over[i].R)
			continue
		}
		switch {
		case t.Level == 0 && u.Level == 0:
			set("", "")
			b.WriteByte(' ')
		case u.Level == 0:
			set(s.heat.fg[t.Hue][t.Level-1], "")
			b.WriteString("▀")
		case t.Level == 0:
			set(s.heat.fg[u.Hue][u.Level-1], "")
			b.WriteString("▄")
		case t == u:
			set(s.heat.fg[t.Hue][t.Level-1], "")
			b.WriteString("█")
		default:
			set(s.heat.fg[t.Hue][t.Level-1], s.heat.bg[u.Hue][u.Level-1])
			b.WriteString("▀")
		}
	}
	set("", "")
}

// Over is a glyph that stands over the heat map.
type Over struct {
	R rune
	K Ink
}

func brighter(a, b Pixel) Pixel {
	if b.Level > a.Level {
		return b
	}
	return a
}
