package tui

import (
	"fmt"
	"image"
	"io"
	"runtime"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/internal/demo"
	"github.com/tailscope/tailscope/tui/paint"
)

// newTestModel returns a model of a given size showing simulated data after d
// of running, and the source it came from.
func newTestModel(size image.Point, d time.Duration) (*model, *demo.Source) {
	src := demo.New(7, true)
	src.Step(d)
	m := newModel(nil, make(outbox, 64), nil, Options{Theme: "dark", Env: []string{}}.withDefaults())
	m.now = func() time.Time { return time.Unix(1000, 0) }
	m.Update(tea.WindowSizeMsg{Width: size.X, Height: size.Y})
	v := src.View()
	m.Update(viewMsg{&v})
	return m, src
}

// BenchmarkFrame measures one frame: composing it and telling the terminal what
// has changed.
func BenchmarkFrame(b *testing.B) {
	for _, screen := range []int{1, 2, 3, 4, 5, 6} {
		b.Run(fmt.Sprintf("200x60/view%d", screen), func(b *testing.B) {
			m, src := newTestModel(image.Pt(200, 60), 60*time.Second)
			m.sc.Screen = screen
			vs := make([]view.View, 8)
			for i := range vs {
				src.Step(33 * time.Millisecond)
				vs[i] = src.View()
			}
			m.term = paint.NewTerminal(io.Discard)
			_, _ = m.term.Write([]byte(ansi.SetModeAltScreenSaveCursor))
			var cost, cpu []time.Duration
			runtime.LockOSThread() // for the thread's own clock
			defer runtime.UnlockOSThread()
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				t, c := time.Now(), sys.ThreadTime()
				m.Update(viewMsg{&vs[i%len(vs)]})
				m.View()
				cost, cpu = append(cost, time.Since(t)), append(cpu, sys.ThreadTime()-c)
			}
			slices.Sort(cost)
			slices.Sort(cpu)
			b.ReportMetric(float64(cpu[len(cpu)*99/100].Microseconds()), "p99-cpu-µs")
			b.ReportMetric(float64(cost[len(cost)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(float64(cost[len(cost)/2].Microseconds()), "p50-µs")
		})
	}
}
