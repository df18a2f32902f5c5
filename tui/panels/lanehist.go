package panels

import "github.com/tailscope/tailscope/tui/draw"

// histLabels are the values below a histogram.
func histLabels(sc *Scene, a draw.HistAxis) string {
	l := draw.NewLine(a.Cols)
	for _, t := range a.Ticks() {
		l.To(t.At).Put(sc.St.Muted, t.Label)
	}
	return l.String()
}
