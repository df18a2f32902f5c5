package panels

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

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
