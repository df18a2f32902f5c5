package race_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats/race"
)

// told runs blocks of fixed times with a little noise.
func told(r *race.Race, blocks int, ms []float64, noise float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range blocks {
		if r.Over() != "" {
			return
		}
		var block []race.Obs
		for _, i := range r.Ask() {
			block = append(block, race.Obs{Candidate: i, Ns: int64(ms[i] * 1e6 * math.Exp(noise*rng.NormFloat64()))})
		}
		r.Tell(block)
	}
}

func named(names ...string) (cs []race.Candidate) {
	for _, n := range names {
		cs = append(cs, race.Candidate{Name: n})
	}
	return cs
}

func TestASlowCandidateIsOutAfterADozenBlocks(t *testing.T) {
	r := race.New(named("eager", "fast", "hopeless"), race.Options{Objective: race.P50})
	told(r, 15, []float64{3, 1, 100}, .05)
	for _, row := range r.Standing() {
		if row.Name == "hopeless" && (!row.Told || row.N > 12 || !strings.Contains(row.Out, "fast's time")) {
			t.Errorf("%+v", row)
		}
	}
	if r.Pick() != 1 {
		t.Errorf("the pick is %d", r.Pick())
	}
}

// TestEqualCandidatesStayIn: what is the same is thrown out by chance in no more
// than 5 % of races, however often one looks.
func TestEqualCandidatesStayIn(t *testing.T) {
	for _, o := range []race.Objective{race.P50, race.Mean, race.P99} {
		out := 0
		const races = 60
		for seed := range uint64(races) {
			rng := rand.New(rand.NewPCG(seed, 3))
			r := race.New(named("a", "b", "c", "d"), race.Options{Objective: o, Margin: 1e-9, Seed: seed})
			for range 500 {
				var block []race.Obs
				for _, i := range r.Ask() {
					block = append(block, race.Obs{Candidate: i, Ns: int64(1e6 * math.Exp(.2*rng.NormFloat64()))})
				}
				r.Tell(block)
			}
			if slices.ContainsFunc(r.Standing(), func(x race.Row) bool { return x.Told }) {
				out++
			}
		}
		if out > 7 { // of 60 at 5 %: 8 or more has a chance of 1 %
			t.Errorf("%v: in %d of %d races one of four equal candidates was thrown out", o, out, races)
		}
	}
}

// TestACandidateThatCompilesForEverHasNoTail: its p99 over the horizon is a
// compile though it is the fastest otherwise; over ten times as many requests
// it is not.
func TestACandidateThatCompilesForEverHasNoTail(t *testing.T) {
	for horizon, want := range map[int]string{10_000: "padded", 1_000_000: "variable"} {
		rng := rand.New(rand.NewPCG(5, 6))
		cs := named("padded", "variable")
		cs[0].Firsts, cs[1].Firsts = 3, 300
		r := race.New(cs, race.Options{Objective: race.P99, Horizon: horizon})
		for n := 0; n < 2500 && r.Over() == ""; n++ {
			var block []race.Obs
			for _, i := range r.Ask() {
				x := race.Obs{Candidate: i, Ns: int64([]float64{2e6, 1.5e6}[i] * math.Exp(.05*rng.NormFloat64()))}
				if i == 0 && n < 3 || i == 1 && rng.IntN(20) == 0 {
					x.First, x.CompileNs = true, 30e6
					x.Ns += x.CompileNs
				}
				block = append(block, x)
			}
			r.Tell(block)
		}
		if got := r.Standing()[r.Pick()].Name; got != want {
			t.Errorf("over %d requests the pick is %s, want %s: %+v", horizon, got, want, r.Standing())
		}
	}
}

// TestWithinTheMarginTheCheaperWins, in executables to be made.
func TestWithinTheMarginTheCheaperWins(t *testing.T) {
	cs := named("many", "one")
	cs[0].Firsts, cs[1].Firsts = 9, 1
	r := race.New(cs, race.Options{Objective: race.Mean})
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 0; n < 500 && r.Over() == ""; n++ {
		var block []race.Obs
		for _, i := range r.Ask() {
			x := race.Obs{Candidate: i, Ns: int64([]float64{1.000e6, 1.003e6}[i] * math.Exp(.01*rng.NormFloat64()))}
			if n < cs[i].Firsts {
				x.First, x.CompileNs = true, 1e6
			}
			block = append(block, x)
		}
		r.Tell(block)
	}
	if r.Pick() != 1 || !strings.Contains(r.Over(), "by more than 2 %") {
		t.Errorf("pick %d, over: %q", r.Pick(), r.Over())
	}
}

func TestDivergingAndRefusedCandidatesAreOut(t *testing.T) {
	r := race.New(named("eager", "wrong", "crashes", "good"), race.Options{Objective: race.Mean})
	r.Drop(2, "the worker ended in it")
	for range 30 {
		var block []race.Obs
		for _, i := range r.Ask() {
			x := race.Obs{Candidate: i, Ns: []int64{3e6, 1e6, 1e6, 2e6}[i]}
			if i == 1 {
				x.Bad = "its outputs differ"
			}
			block = append(block, x)
		}
		r.Tell(block)
	}
	rows := r.Standing()
	if r.Pick() != 3 || rows[1].Out != "its outputs differ" || rows[1].Told || rows[1].N != 0 {
		t.Errorf("%+v", rows)
	}
}

// TestTheSLOComesFirst: of two, the one whose p99 keeps it, though its median is
// the larger.
func TestTheSLOComesFirst(t *testing.T) {
	r := race.New(named("spiky", "steady"), race.Options{Objective: race.P50, SLONs: 3e6})
	for n := range 300 {
		block := []race.Obs{{Candidate: 0, Ns: 1e6 + int64(n)}, {Candidate: 1, Ns: 2e6 + int64(n)}}
		if n%20 == 0 {
			block[0].Ns = 9e6
		}
		r.Tell(block[:len(r.Ask())])
	}
	if r.Pick() != 1 || r.Over() != "" {
		t.Errorf("%+v", r.Standing())
	}
}

// TestTheSameResultsGiveTheSameRace: a race is resumed by telling it again.
func TestTheSameResultsGiveTheSameRace(t *testing.T) {
	o := race.Options{Objective: race.P50, Seed: 9}
	a, b := race.New(named("x", "y", "z"), o), race.New(named("x", "y", "z"), o)
	rng := rand.New(rand.NewPCG(4, 4))
	for range 60 {
		who, same := a.Ask(), b.Ask()
		if !slices.Equal(who, same) {
			t.Fatalf("%v against %v", who, same)
		}
		var block []race.Obs
		for _, i := range who {
			block = append(block, race.Obs{Candidate: i, Ns: int64(1e6 * (1 + rng.Float64()) * float64(i+1))})
		}
		a.Tell(block)
		b.Tell(block)
	}
	if a.Over() != b.Over() || a.Pick() != b.Pick() {
		t.Errorf("%q %d against %q %d", a.Over(), a.Pick(), b.Over(), b.Pick())
	}
}

// TestTheIntervalOfAQuantileHoldsAtWhateverMoment one looks, in 95 % of races.
func TestTheIntervalOfAQuantileHoldsAtWhateverMoment(t *testing.T) {
	for o, q := range map[race.Objective]float64{race.P50: .5, race.P99: .99} {
		missed, bounded := 0, 0
		const races = 60
		for seed := range uint64(races) {
			rng := rand.New(rand.NewPCG(seed, 11))
			r := race.New(named("eager", "other"), race.Options{Objective: o, Margin: 1e-9})
			off := false
			for n := range 1200 {
				r.Tell([]race.Obs{{Candidate: 0, Ns: int64(1e6 * rng.ExpFloat64())}})
				if n%50 == 49 {
					v := r.Standing()[0].Value
					truth := -1e6 * math.Log(1-q)
					off = off || v.Lo > truth || v.Hi < truth
				}
			}
			if v := r.Standing()[0].Value; !math.IsInf(v.Hi, 1) && !math.IsNaN(v.Lo) {
				bounded++
			}
			if off {
				missed++
			}
		}
		if missed > 7 || bounded < races { // of 60 at 5 %: 8 or more has a chance of 1 %
			t.Errorf("%v: the truth was outside in %d of %d races; %d had both ends after 1,200 requests", o, missed, races, bounded)
		}
	}
}

// TestAnyResultsHaveAPick: whatever is told, Pick and Standing answer.
func TestAnyResultsHaveAPick(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for n := range 400 {
		cs := named("eager", "a", "b", "c")
		for i := range cs {
			cs[i].Firsts = rng.IntN(3) * rng.IntN(9000)
		}
		r := race.New(cs, race.Options{Objective: race.Objective(n % 3), Horizon: 5000, SLONs: int64(n%2) * 2e6})
		for range rng.IntN(60) {
			var block []race.Obs
			for _, i := range r.Ask() {
				o := race.Obs{Candidate: i, Ns: 1 + rng.Int64N(5e6), First: rng.IntN(4) > 0}
				if rng.IntN(50) == 0 {
					o.Bad = "it fails"
				}
				if rng.IntN(9) > 0 {
					block = append(block, o)
				}
			}
			r.Tell(block)
			rows, i := r.Standing(), r.Pick()
			if len(rows) != 4 || i >= 4 || i >= 0 && rows[i].Out != "" {
				t.Fatalf("pick %d of %+v", i, rows)
			}
		}
	}
}

// TestAheadByNoMoreIsNotAlike: a race ends where taking the best costs no more than the
// margin, whichever is better in truth, and that is all that is said: others may be
// slower by more.
func TestAheadByNoMoreIsNotAlike(t *testing.T) {
	r := race.New(named("steady", "now and then slow"), race.Options{Objective: race.Mean})
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 0; n < 5000 && r.Over() == ""; n++ {
		slow := int64(100e6)
		if rng.IntN(5) == 0 {
			slow = 140e6
		}
		r.Tell([]race.Obs{{Candidate: 0, Ns: 100e6}, {Candidate: 1, Ns: slow}})
	}
	rows := r.Standing()
	if apart := rows[1].Value.Ns/rows[0].Value.Ns - 1; r.Over() != "none of those left is ahead of steady by more than 2 %" || apart < .04 {
		t.Errorf("apart by %.3f: %q", apart, r.Over())
	}
}
