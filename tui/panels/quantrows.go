package panels

import (
	"fmt"
	"math"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/tui/draw"
)

// quantRow is one line of the quantile table.
type quantRow struct {
	name string
	of   func(*stats.Summary) stats.Quantile
}

func plainValue(f func(*stats.Summary) float64) func(*stats.Summary) stats.Quantile {
	return func(s *stats.Summary) stats.Quantile {
		return stats.Quantile{Value: f(s), Lo: math.NaN(), Hi: math.NaN(), N: s.N}
	}
}

// OfSamples is a quantile whose interval nobody computes; whether the samples
// support it is known all the same.
func OfSamples(q float64, f func(*stats.Summary) float64) func(*stats.Summary) stats.Quantile {
	plain := plainValue(f)
	return func(s *stats.Summary) stats.Quantile {
		v := plain(s)
		v.Need = max(0, quantile.Need(q)-s.N)
		return v
	}
}

func headWord(what string) string {
	switch what {
	case "this segment":
		return "segment"
	case hiddenScope:
		return "clean"
	case "whole session":
		return "session"
	}
	return strings.TrimPrefix(what, "last ")
}

func needText(n, w int) string {
	if s := "needs " + draw.Count(n) + " more samples"; draw.Cells(s) <= w {
		return s
	}
	if s := "needs " + draw.Count(n) + " more"; draw.Cells(s) <= w {
		return s
	}
	return "+" + draw.Count(n) + " n"
}

// interval prints both ends in the unit of the upper one; it is dropped when
// it does not fit.
func interval(lo, hi float64, w int) string {
	unit, div := draw.UnitOf(max(hi, 1e3), 999.95)
	s := fmt.Sprintf("%s – %s %s", draw.Digits(lo, div), draw.Digits(hi, div), unit)
	if draw.Cells(s) > w {
		s = fmt.Sprintf("%.3g–%.3g %s", lo/div, hi/div, unit)
	}
	if draw.Cells(s) > w {
		return ""
	}
	return s
}

// sloInterval is the interval of that share, "" without one.
func sloInterval(s *stats.Summary) string {
	if !draw.Finite(s.SLOLo) || !draw.Finite(s.SLOHi) {
		return ""
	}
	return draw.Num(100*s.SLOLo, 2) + " – " + draw.Num(100*s.SLOHi, 2) + " %"
}

// HasDevice reports whether the engine gave device times.
func HasDevice(lanes *[stats.NumLanes]stats.Summary) bool {
	return draw.Finite(lanes[stats.Eager].DeviceP50) || draw.Finite(lanes[stats.Optimized].DeviceP50)
}

// DeviceColumns stand beside wall time in a table of an engine that has device
// times; deviceCells fill them.
func DeviceColumns() []draw.Column {
	return []draw.Column{{Head: "dev p50 " + draw.LaneMark(0), W: 10, Right: true, Drop: 5}, {Head: "dev p50 " + draw.LaneMark(1), W: 10, Right: true, Drop: 5},
		{Head: "dev p99 " + draw.LaneMark(0), W: 10, Right: true, Drop: 6}, {Head: "dev p99 " + draw.LaneMark(1), W: 10, Right: true, Drop: 6},
		{Head: "host " + draw.LaneMark(1), W: 7, Right: true, Drop: 7}}
}

func DeviceCells(st *draw.Styles, lanes *[stats.NumLanes]stats.Summary) []draw.Cell {
	e, o := &lanes[stats.Eager], &lanes[stats.Optimized]
	return []draw.Cell{draw.C(draw.DurCol(e.DeviceP50), st.Lane[0]), draw.C(draw.DurCol(o.DeviceP50), st.Lane[1]), draw.C(draw.DurCol(e.DeviceP99), st.Lane[0]),
		draw.C(draw.DurCol(o.DeviceP99), st.Lane[1]), draw.C(draw.Pct(o.HostShare, 0), st.Muted)}
}
