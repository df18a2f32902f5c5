package heat

import "github.com/tailscope/tailscope/stats"

// Modes is a map for each mode. The zero value is empty.
type Modes struct{ maps [stats.NumModes]Map }

// Add takes in a sample that the collector has seen.
func (m *Modes) Add(s *stats.Sample) {
	if int(s.Mode) < len(m.maps) {
		m.maps[s.Mode].Add(s)
	}
}

// AddEvent takes in an event; one that names no mode concerns all of them.
func (m *Modes) AddEvent(e *stats.Event) {
	for i := range m.maps {
		if e.Mode == "" || e.Mode == stats.Mode(i).String() {
			m.maps[i].AddEvent(e)
		}
	}
}

// AddGPU takes in readings of the device; NaN is none.
func (m *Modes) AddGPU(tNs int64, clockMHz, powerWatts float64) {
	for i := range m.maps {
		m.maps[i].AddGPU(tNs, clockMHz, powerWatts)
	}
}

// View is the map of one mode.
func (m *Modes) View(mode stats.Mode) View {
	if int(mode) >= len(m.maps) {
		return View{}
	}
	return m.maps[mode].View()
}
