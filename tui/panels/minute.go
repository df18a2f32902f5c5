package panels

import (
	"math"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

// minuteWidth is how wide the last minute is drawn in a table of w cells: a cell
// for each second, for two or for three; 0: there is no room.
func minuteWidth(w int) int {
	switch {
	case w >= 220:
		return stats.RecentSeconds
	case w >= 140:
		return stats.RecentSeconds / 2
	case w >= 110:
		return stats.RecentSeconds / 3
	}
	return 0
}

// minuteScale is the least and the most that rows of last minutes share as their
// logarithmic axis.
type minuteScale struct{ lo, hi float64 }

func scaleOf(rows ...*stats.Recent) (s minuteScale) {
	s.lo = math.Inf(1)
	for _, r := range rows {
		if r == nil {
			continue
		}
		for _, ns := range r.SlowestNs {
			if ns > 0 {
				s.lo, s.hi = min(s.lo, float64(ns)), max(s.hi, float64(ns))
			}
		}
	}
	return s
}

// cell draws a minute in w cells, the slowest sample of each as a bar: pink where
// it compiled or had another event, else in the lane's ink.
func (s minuteScale) cell(st *draw.Styles, r *stats.Recent, w int, k draw.Ink) draw.Cell {
	if r == nil || w < 1 {
		return draw.C("", k)
	}
	text, inks := make([]string, w), make([]draw.Ink, w)
	each := stats.RecentSeconds / w
	for x := range w {
		text[x] = " "
		worst := float32(0)
		for i := x * each; i < (x+1)*each; i++ {
			if ns := r.SlowestNs[i]; ns > worst {
				worst, inks[x] = ns, k
				if r.Tagged&(1<<i) != 0 {
					inks[x] = st.Tag
				}
			}
		}
		if worst > 0 {
			share := 0.0
			if s.hi > s.lo {
				share = math.Log(float64(worst)/s.lo) / math.Log(s.hi/s.lo)
			}
			text[x] = draw.Eighths[1+int(math.Round(7*share))]
		}
	}
	return draw.Cell{S: strings.Join(text, ""), K: k, Each: inks}
}

// minuteHead is the heading of such a column.
func minuteHead(mark string, w int) string {
	if w >= stats.RecentSeconds/2 {
		return "slowest, last minute " + mark
	}
	return "last minute " + mark
}
