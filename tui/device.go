package tui

import "github.com/tailscope/tailscope/stats"

// hasDevice reports whether the engine gave device times.
func hasDevice(lanes *[stats.NumLanes]stats.Summary) bool {
	return finite(lanes[stats.Eager].DeviceP50) || finite(lanes[stats.Optimized].DeviceP50)
}

// deviceColumns stand beside wall time in a table of an engine that has device
// times; deviceCells fill them.
func deviceColumns() []column {
	return []column{{head: "dev p50 " + laneMark(0), w: 10, right: true, drop: 5}, {head: "dev p50 " + laneMark(1), w: 10, right: true, drop: 5},
		{head: "dev p99 " + laneMark(0), w: 10, right: true, drop: 6}, {head: "dev p99 " + laneMark(1), w: 10, right: true, drop: 6},
		{head: "host " + laneMark(1), w: 7, right: true, drop: 7}}
}

func deviceCells(st *styles, lanes *[stats.NumLanes]stats.Summary) []cell {
	e, o := &lanes[stats.Eager], &lanes[stats.Optimized]
	return []cell{{durCol(e.DeviceP50), st.lane[0]}, {durCol(o.DeviceP50), st.lane[1]}, {durCol(e.DeviceP99), st.lane[0]},
		{durCol(o.DeviceP99), st.lane[1]}, {pct(o.HostShare, 0), st.muted}}
}
