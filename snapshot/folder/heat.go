package folder

import "math/bits"

// Size of a heat map: bins of time, whose width doubles as the session goes on,
// and of latency, four an octave from about a microsecond to some two minutes.
const (
	heatCols  = 64
	heatRows  = 4 * 27
	heatFirst = 10 // octave of the lowest row: 2^10 ns
)

// Heat counts the requests of one mode and lane by time and latency.
type Heat struct {
	N     [2 * heatCols][heatRows]uint32
	BinNs int64
}

func (h *Heat) add(atNs, wall int64) {
	if atNs < 0 || wall <= 0 {
		return
	}
	if h.BinNs == 0 {
		h.BinNs = 1e6
	}
	for atNs/h.BinNs >= 2*heatCols {
		h.halve()
	}
	h.N[atNs/h.BinNs][heatRow(wall)]++
}

// halve joins neighbours in time.
func (h *Heat) halve() {
	for i := range h.N {
		var to [heatRows]uint32
		if 2*i+1 < len(h.N) {
			for r := range to {
				to[r] = h.N[2*i][r] + h.N[2*i+1][r]
			}
		}
		h.N[i] = to
	}
	h.BinNs *= 2
}

// heatRow is the row of a latency in ns: its octave, and which quarter of it.
func heatRow(wall int64) int {
	octave := bits.Len64(uint64(wall)) - 1
	quarter := int(wall>>max(octave-2, 0)) & 3
	return min(max((octave-heatFirst)*4+quarter, 0), heatRows-1)
}

// RowNs is the least latency of row r, ns.
func (h *Heat) RowNs(r int) float64 {
	return float64(uint64(1)<<(heatFirst+r/4)) * (1 + float64(r%4)/4)
}

// Widen makes the bins of h at least as wide as another map's.
func (h *Heat) Widen(binNs int64) {
	for h.BinNs > 0 && h.BinNs < binNs {
		h.halve()
	}
}
