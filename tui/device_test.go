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
