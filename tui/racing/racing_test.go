package racing

import (
	"fmt"
	"image"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats/race"
	"github.com/tailscope/tailscope/tui/draw"
)

func example() view.Race {
	nan, inf := math.NaN(), math.Inf(1)
	return view.Race{Title: "kv_decode", Objective: "p99", Blocks: 312, Elapsed: 41 * time.Second, Left: 17 * time.Second,
		Done: []string{"prefill: padded after 1204 requests (its time was over)"},
		Rows: []race.Row{
			{Name: "eager", N: 81, Value: race.Value{Ns: 31e6, Lo: 28e6, Hi: 35e6}, Out: "in 22 of 22 slower requests over 1.25 × kv-bucketed's time", Told: true},
			{Name: "variable", N: 2, Value: race.Value{Ns: nan, Lo: nan, Hi: nan}, ColdNs: 9e9, Out: "not judged: 2 requests took 21s of the 47s there were"},
			{Name: "dynamic", N: 312, Value: race.Value{Ns: 21e6, Lo: 18e6, Hi: inf}, ColdNs: 20e6},
			{Name: "kv-bucketed", N: 312, Value: race.Value{Ns: 14e6, Lo: 12e6, Hi: 16e6}, ColdNs: 160e6, Best: true},
			{Name: "static-cache", Value: race.Value{Ns: nan, Lo: nan, Hi: nan}, ColdNs: nan},
		}}
}

func TestFrame(t *testing.T) {
	for _, size := range []image.Point{{140, 20}, {80, 24}, {40, 6}, {3, 3}, {0, 0}} {
		t.Run(fmt.Sprintf("%dx%d", size.X, size.Y), func(t *testing.T) {
			f := ansi.Strip(Frame(draw.NewStyles(true, draw.FullColour), example(), size.X, size.Y, false))
			for i, line := range strings.Split(f, "\n") {
				if i >= max(1, size.Y) || draw.Cells(line) > size.X {
					t.Errorf("line %d leaves %v: %q", i, size, line)
				}
			}
			golden.RequireEqual(t, f)
		})
	}
}

func TestEverySignHasAPlainOne(t *testing.T) {
	f := ansi.Strip(Frame(draw.NewStyles(true, draw.NoColour), example(), 140, 20, false))
	if plain := draw.AsciiOnly(f); strings.Contains(plain, "?") {
		t.Error(plain)
	}
}

func TestBar(t *testing.T) {
	for want, v := range map[string]race.Value{
		"├─●─┤     ": {Ns: 2, Lo: 0, Hi: 4}, "    ├───●→": {Ns: 8, Lo: 4, Hi: math.Inf(1)}, "●         ": {Ns: 0, Lo: math.NaN(), Hi: math.NaN()}, "": {Ns: math.NaN()},
	} {
		if got := Bar(v, 0, 9, 10); got != want {
			t.Errorf("%+v: %q, want %q", v, got, want)
		}
	}
	if Bar(race.Value{Ns: 1}, 1, 1, 0) != "" || Bar(race.Value{Ns: 1, Lo: math.Inf(-1), Hi: math.Inf(1)}, 1, 1, 4) == "" {
		t.Error("absurd widths and ends")
	}
}
