package exact

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/statstest"
	"github.com/tailscope/tailscope/stats/verdict"
)

// A rank that the samples do not support is named and marked as such: heavy
// tails on both sides, the same distribution.
func TestVerdictSaysWhatItCannotTellApart(t *testing.T) {
	judgeOf := func(factor float64) stats.Verdict {
		mix, a := statstest.NewMixture(31), New(Options{Facts: stats.Facts{CompilerReal: "yes"}})
		rng := rand.New(rand.NewPCG(3, 4))
		for i := range uint64(2000) {
			for lane := stats.Lane(0); lane < stats.NumLanes; lane++ {
				wall := 1e6 * math.Exp(0.2*rng.NormFloat64())
				if rng.IntN(60) == 0 {
					wall *= 5 + 40*rng.Float64()
				}
				if lane == stats.Optimized {
					wall /= factor
				}
				a.Add(mix.Add("a", wall, func(s *stats.Sample) { s.Lane, s.Request, s.Order, s.NthInRun = lane, i, uint8(lane), int32(i) }))
			}
		}
		m := a.modes[stats.Prefill]
		a.finish(m)
		return a.verdict(m, stats.Prefill)
	}
	same, apart := judgeOf(1), judgeOf(4)
	if same.Code != verdict.Undecided || same.WinnerMean != "" || same.WinnerP99 != "" || !strings.HasPrefix(same.Sentence, "Not told apart") {
		t.Errorf("the same distribution twice: %+v", same)
	}
	if apart.Code != verdict.Agree || strings.Contains(apart.Sentence, "ot tell") || apart.WinnerP99 != "optimized" {
		t.Errorf("four times as fast: %+v", apart)
	}
}

// Lanes that compute different things are the headline, whatever is faster.
func TestDifferentOutputsLead(t *testing.T) {
	a := New(Options{Facts: stats.Facts{CompilerReal: "yes"}})
	for _, s := range statstest.Paradox(true).Rows {
		a.Add(&s)
	}
	if p := a.Finish(stats.Prefill).Paradox; p.Verdict != verdict.Agree {
		t.Fatalf("%+v", p)
	}
	a.SetChecks(stats.Prefill, 5608, 5602, .3)
	p := a.Finish(stats.Prefill).Paradox
	if p.Verdict != verdict.Divergence || !strings.HasPrefix(p.Sentence, "The lanes compute different things: 5602 of 5608") || *p.WinnerP50 != "optimized" {
		t.Errorf("%+v", p)
	}
}

// What sessions of the same thing differ by is not claimed of two lanes of one
// session: 2 % is within it, 5 % is beyond.
func TestSessionsOwnDifferenceIsNotClaimed(t *testing.T) {
	of := func(gain float64) stats.Paradox {
		a, r := New(Options{Share: stats.SessionShare}), rand.New(rand.NewPCG(3, 9))
		for i := range uint64(3000) {
			for l := range stats.Lane(stats.NumLanes) {
				a.Add(&stats.Sample{Seq: 2*i + uint64(l), Request: i, Lane: l, Mode: stats.Forward, WallNs: int64(2e6 * (1 - gain*float64(l)) * math.Exp(.05*r.NormFloat64())),
					DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent})
			}
		}
		return a.Finish(stats.Forward).Paradox
	}
	if p := of(.02); p.WinnerP50 == nil || *p.WinnerP50 != "~" || !strings.Contains(p.Sentence, "3 %: sessions of the same thing differ by as much") {
		t.Errorf("2 %%: %+v", p)
	}
	if p := of(.05); p.WinnerP50 == nil || *p.WinnerP50 != "optimized" {
		t.Errorf("5 %%: %+v", p)
	}
}
