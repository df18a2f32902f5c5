package timeline

import (
	"testing"
	"time"

	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/internal/demo"
	"github.com/tailscope/tailscope/tui/panels"
)

// BenchmarkHeat is one drawing of the map, 200 by 28 cells, of a minute.
func BenchmarkHeat(b *testing.B) {
	src := demo.New(7, true)
	src.Step(time.Minute)
	p := &HeatPanel{}
	p.SetSize(200, 28)
	sc := &panels.Scene{St: draw.NewStyles(true, draw.FullColour)}
	p.Place(sc, SlotHeat)
	v := src.View()
	b.ReportAllocs()
	for range b.N {
		src.Step(10 * time.Millisecond)
		b.StopTimer()
		v = src.View()
		b.StartTimer()
		sc.V = &v
		p.drew = 0
		_ = p.View()
	}
}
