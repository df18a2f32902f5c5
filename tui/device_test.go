package tui

import (
	"math"
	"testing"

	"tailscope/stats"
)

func TestShareMissedCarriesItsInterval(t *testing.T) {
	s := stats.Summary{SLOMissed: .01, SLOLo: .0027, SLOHi: .0254}
	if got := sloText(&s); got != "1.00 % [0.27, 2.54]" {
		t.Errorf("%q", got)
	}
	s.SLOLo, s.SLOHi = math.NaN(), math.NaN()
	if got := sloText(&s); got != "1.00 %" {
		t.Errorf("%q", got)
	}
}

func TestPValue(t *testing.T) {
	for p, want := range map[float64]string{0: "< 0.001", .00099: "< 0.001", .001: "0.001", .25: "0.250", 1: "1.000"} {
		if got := pValue(p); got != want {
			t.Errorf("%v: %q, want %q", p, got, want)
		}
	}
	if got := pValue(math.NaN()); got != missing {
		t.Errorf("%q", got)
	}
}

func TestDeviceColumnsHaveCells(t *testing.T) {
	var lanes [stats.NumLanes]stats.Summary
	lanes[stats.Eager].DeviceP50, lanes[stats.Optimized].DeviceP50 = math.NaN(), math.NaN()
	if hasDevice(&lanes) {
		t.Error("no lane has device times")
	}
	lanes[stats.Optimized].DeviceP50 = 1e6
	if !hasDevice(&lanes) || len(deviceCells(newStyles(true, false), &lanes)) != len(deviceColumns()) {
		t.Error("device columns")
	}
}

// A compile that has saved less than it took is not paid back.
func TestPayback(t *testing.T) {
	for _, c := range []struct {
		row  stats.ShapeRow
		want string
	}{
		{stats.ShapeRow{CompileNs: 30e6, SavedNs: 5e6, BreakEven: 25}, "after 25 more"},
		{stats.ShapeRow{CompileNs: 30e6, SavedNs: 31e6, BreakEven: 0}, "paid back"},
		{stats.ShapeRow{CompileNs: 30e6, SavedNs: -1e6, BreakEven: -1}, "never at this rate"},
		{stats.ShapeRow{SavedNs: 31e6}, missing},
	} {
		if got, _ := payback(newStyles(true, false), &c.row); got != c.want {
			t.Errorf("%+v: %q, want %q", c.row, got, c.want)
		}
	}
}
