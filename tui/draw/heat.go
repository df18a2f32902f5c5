package draw

import (
	"fmt"
	"strconv"
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

type rgb [3]float64

// heatPeaks are the full colours, in the order of hues: eager, optimized,
// first, fallback, host, capture, compile, unexplained.
var heatPeaks = map[bool][numHues]string{
	true:  {"#d7a14a", "#3f9bff", "#3fd7a0", "#ff8f3f", "#d7ff5f", "#af87ff", "#ff5fc0", "#ff4f4f"},
	false: {"#a65a00", "#005fc0", "#00875f", "#c05000", "#6a7a00", "#6a3fd0", "#c0007a", "#d00000"},
}

func newHeatInks(dark bool) *heatInks {
	base, far := rgb{18, 20, 26}, rgb{255, 250, 240}
	if !dark {
		base, far = rgb{255, 255, 255}, rgb{20, 10, 0}
	}
	h := &heatInks{}
	for hue, hex := range heatPeaks[dark] {
		peak := parseRGB(hex)
		for i := range HeatLevels {
			c := ramp(base, peak, far, float64(i)/(HeatLevels-1))
			code := fmt.Sprintf("2;%d;%d;%dm", int(c[0]), int(c[1]), int(c[2]))
			h.fg[hue][i], h.bg[hue][i] = "\x1b[38;"+code, "\x1b[48;"+code
		}
	}
	return h
}

// ramp goes from a third of the way off the background to the peak, and a
// little beyond.
func ramp(base, peak, far rgb, t float64) rgb {
	const from, top = 0.34, 0.8
	if t <= top {
		return mix(base, peak, from+(1-from)*t/top)
	}
	return mix(peak, far, 0.6*(t-top)/(1-top))
}

func mix(a, b rgb, t float64) (c rgb) {
	for i := range c {
		c[i] = a[i] + (b[i]-a[i])*t
	}
	return c
}

func parseRGB(hex string) (c rgb) {
	for i := range c {
		x, _ := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		c[i] = float64(x)
	}
	return c
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
