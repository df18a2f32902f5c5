package gpu

// historyLen is how many readings a History goes back.
const historyLen = 120

// History is the recent past of what moves most, oldest first, NaN where a
// reading is missing. What was handed out never changes.
type History struct{ UtilHistory, PowerHistory, ClockHistory []float64 }

// Take adds the readings of a poll.
func (h *History) Take(s State) {
	h.UtilHistory = push(h.UtilHistory, s.UtilPct)
	h.PowerHistory = push(h.PowerHistory, s.PowerMilliwatts)
	h.ClockHistory = push(h.ClockHistory, s.SMClockMHz)
}

func push(h []float64, r Reading) []float64 {
	if len(h) >= historyLen {
		h = h[len(h)-historyLen+1:]
	}
	return append(h[:len(h):len(h)], r.OrNaN())
}
