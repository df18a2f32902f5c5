package energy

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// session runs seconds of one lane after the other at a power each, in requests
// of 10 ms of 20 tokens, with a reading a second that the counter rounds down to its last 100 ms.
func session(seconds int, watts [stats.NumLanes]float64, interleaved bool) *Meter {
	m, rng := &Meter{}, rand.New(rand.NewPCG(1, 2))
	mj, read, shown := 1e6, int64(0), 1e6
	for t := int64(0); t < int64(seconds)*2e9; t += 10e6 {
		lane := stats.Lane(t / 1e7 / 1000 % 2)
		if interleaved {
			lane = stats.Lane(t / 1e7 % 2)
		}
		mj += watts[lane] * 10 * (1 + .1*rng.NormFloat64())
		if t%100e6 == 0 {
			shown = mj
		}
		m.Sample(&stats.Sample{Lane: lane, StartNs: t + 1e5, WallNs: 98e5, Tokens: 20})
		if t-read >= 1e9 {
			read = t
			m.Reading(t, shown)
		}
	}
	return m
}

// Each lane costs what it draws, though the counter knows no lanes.
func TestLanesCostWhatTheyDraw(t *testing.T) {
	watts := [stats.NumLanes]float64{300, 600}
	m := session(60, watts, false)
	for lane := range stats.Lane(stats.NumLanes) {
		j := m.Of(stats.Prefill, lane)
		if want := watts[lane] * .01; math.Abs(j.Request-want) > .05*want || !(j.Lo < want*1.02 && want*.98 < j.Hi) || j.Blocks < 10 {
			t.Errorf("%v: %+v, want %v J", lane, j, want)
		}
		if want := watts[lane] * .01 / 20 * 1000; math.Abs(j.Per1kTokens-want) > .05*want {
			t.Errorf("%v: %v J per 1,000 tokens, want %v", lane, j.Per1kTokens, want)
		}
	}
	if j := m.Of(stats.KVDecode, stats.Eager); j.Blocks != 0 || !math.IsNaN(j.Request) {
		t.Errorf("a mode that did not run costs %+v", j)
	}
}

// Interleaved lanes cannot be told apart, and no counter is no energy.
func TestNothingIsGuessed(t *testing.T) {
	if j := session(30, [stats.NumLanes]float64{300, 600}, true).Of(stats.Prefill, stats.Eager); j.Blocks != 0 || !math.IsNaN(j.Request) {
		t.Errorf("interleaved: %+v", j)
	}
	m := session(30, [stats.NumLanes]float64{300, 600}, false)
	m.readings = nil
	if j := m.Of(stats.Prefill, stats.Eager); !math.IsNaN(j.Request) {
		t.Errorf("without a counter: %+v", j)
	}
}

// A compile's energy is no request's.
func TestCompilesBelongToNoBlock(t *testing.T) {
	m := &Meter{}
	for i := range int64(400) {
		s := &stats.Sample{StartNs: i * 10e6, WallNs: 9e6}
		if i%100 == 99 {
			s.CompileNs = 5
		}
		m.Sample(s)
	}
	if len(m.blocks) != 0 {
		t.Errorf("blocks over compiles: %+v", m.blocks)
	}
}
