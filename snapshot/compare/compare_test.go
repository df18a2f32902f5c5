package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/gate"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats/between"
)

// sessionsOf makes sessions of quantities of one mode.
func sessionsOf(q ...map[string]float64) (out []*session) {
	for _, x := range q {
		out = append(out, &session{q: quantities{"prefill": x}})
	}
	return out
}

// TestQuantityThatOneSideLost is missing, which fails a gate; a name that
// neither side has is unknown.
func TestQuantityThatOneSideLost(t *testing.T) {
	c := &Comparison{sides: [2][]*session{sessionsOf(map[string]float64{"optimized.p99_ms": 1}), sessionsOf(map[string]float64{"eager.p99_ms": 1})}}
	if v, ok := c.Lookup("prefill", "optimized.p99_ms", false); !ok || !math.IsNaN(v) {
		t.Errorf("lost by B: %v, %v", v, ok)
	}
	if v, ok := c.Lookup("prefill", "optimized.p99_ms", true); !ok || v != 1 {
		t.Errorf("of A: %v, %v", v, ok)
	}
	if _, ok := c.Lookup("prefill", "optimized.p98_ms", false); ok {
		t.Error("a misspelt name is known")
	}
	if d, err := c.Decide(parse(t, "ratio(optimized.p99_ms) <= 2"), "prefill", 1); err != nil || d.Outcome != between.Fail {
		t.Error(d, err)
	}
}

// TestEnergyOfBothSides is the median over sessions of each lane's, unknown
// where one of them has none.
func TestEnergyOfBothSides(t *testing.T) {
	of := func(j ...float64) (all []*session) {
		for _, x := range j {
			all = append(all, sessionsOf(map[string]float64{"optimized.energy_j": x})...)
		}
		return all
	}
	c := &Comparison{sides: [2][]*session{of(3, 1, 2), of(4, math.NaN())}}
	c.energies("prefill")
	if want := []string{"prefill, optimized: 2 J a request in A, an unknown energy in B (docs/limits.md)"}; !slices.Equal(c.Notes, want) {
		t.Errorf("%q", c.Notes)
	}
}

func parse(t testing.TB, s string) *gate.Expr {
	t.Helper()
	return must.Get(gate.Parse(s))(t)
}

// drawn are n sessions whose effects are those that the audit saw: 20 % of
// each lane's figures, shared by the lanes but for 3 %, and 10 % more in the
// tail; the optimized lane is shifted.
func drawn(r *rand.Rand, n int, shift float64) []*session {
	var q []map[string]float64
	for range n {
		e := .2 * r.NormFloat64()
		ratio := .03*r.NormFloat64() + shift
		tail := func() float64 { return .1 * r.NormFloat64() }
		q = append(q, map[string]float64{"eager.p50_ms": 10 * math.Exp(e), "optimized.p50_ms": 8 * math.Exp(e+ratio), "eager.p99_ms": 20 * math.Exp(e+tail()),
			"optimized.p99_ms": 18 * math.Exp(e+ratio+tail()), "pair.ratio_geomean": .8 * math.Exp(ratio), "optimized.recompiles": 7, "optimized.errors": 0})
	}
	return sessionsOf(q...)
}

// recipe is docs/ci.md's.
var recipe = []string{"ratio(pair.ratio_geomean) <= 1", "ratio(optimized.p99_ms) <= 1", "ratio(eager.p50_ms) <= 1", "optimized.recompiles <= 7", "optimized.errors <= 0"}

// TestGatesUnderNoChange: with limits that nothing stays away from, sessions of
// the same fail in no more than 5 % of comparisons, whatever their number; a
// change far beyond what sessions vary by fails.
func TestGatesUnderNoChange(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	var gates []*gate.Expr
	for _, s := range recipe {
		gates = append(gates, parse(t, s))
	}
	const trials = 1500
	for _, n := range []int{2, 3, 6} {
		outcomes := func(shift float64) (failed int) {
			for range trials {
				c := &Comparison{sides: [2][]*session{drawn(r, n, 0), drawn(r, n, shift)}}
				for _, g := range gates {
					d := must.Get(c.Decide(g, "prefill", len(gates)))(t)
					if d.Outcome == between.Fail {
						failed++
						break
					}
				}
			}
			return failed
		}
		if k := outcomes(0); float64(k) > .05*trials+3*math.Sqrt(.05*.95*trials) {
			t.Errorf("%d sessions a side: %d of %d comparisons of the same fail", n, k, trials)
		} else {
			t.Logf("%d sessions a side: %.3f of comparisons of the same fail", n, float64(k)/trials)
		}
		if k := outcomes(.5); n > 2 && k < trials*9/10 {
			t.Errorf("%d sessions a side: a ratio 65 %% worse fails in %d of %d", n, k, trials)
		}
	}
}

// TestOneSessionASide: what a session counted is a fact, and so is a figure of
// B alone; a change is undecided, until the variation was recorded.
func TestOneSessionASide(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 9))
	c := &Comparison{sides: [2][]*session{drawn(r, 1, 0), drawn(r, 1, 0)}}
	for text, want := range map[string]between.Outcome{"optimized.recompiles <= 7": between.Pass, "optimized.recompiles < 7": between.Fail,
		"ratio(optimized.errors) <= 1": between.Fail, "delta(optimized.recompiles) <= 0": between.Pass, "optimized.p99_ms <= 1000": between.Pass,
		"ratio(optimized.p50_ms) <= 1.5": between.Undecided, "base(optimized.p50_ms) <= 1.5": between.Undecided} {
		d, err := c.Decide(parse(t, text), "prefill", 1)
		if err != nil || d.Outcome != want {
			t.Errorf("%s: %+v, %v", text, d, err)
		}
		if want == between.Undecided && !strings.Contains(d.Sentence, "1 and 1 sessions") {
			t.Errorf("%q", d.Sentence)
		}
	}
	c.noise = drawn(r, 8, 0)
	worse := drawn(r, 1, .5)
	c.sides[1] = worse
	if d, err := c.Decide(parse(t, "ratio(pair.ratio_geomean) <= 1.05"), "prefill", 1); err != nil || d.Outcome != between.Fail {
		t.Errorf("with recorded noise: %+v, %v", d, err)
	}
}

// TestDecideIsWelch: of a ratio the jackknife is the interval of stats/between.
func TestDecideIsWelch(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 9))
	c := &Comparison{sides: [2][]*session{drawn(r, 4, 0), drawn(r, 5, 0)}}
	x := between.Compare(values(c.sides[0], "prefill", "optimized.p99_ms"), values(c.sides[1], "prefill", "optimized.p99_ms"), nil)
	for _, limit := range []float64{x.Lo * .999, x.Lo * 1.001, x.Hi * .999, x.Hi * 1.001} {
		d, err := c.Decide(parse(t, fmt.Sprintf("ratio(optimized.p99_ms) <= %.9g", limit)), "prefill", 2) // 2: 97.5 % on each side
		if want := between.AtMost(x.Lo, x.Hi, limit); err != nil || d.Outcome != want {
			t.Errorf("limit %v: %+v, want %v (%v to %v), %v", limit, d, want, x.Lo, x.Hi, err)
		}
	}
}

// TestSessionsIn: a folder of sessions is its sessions, whatever it is called.
func TestSessionsIn(t *testing.T) {
	dir := t.TempDir()
	if got := sessionsIn(dir); !slices.Equal(got, []string{dir}) {
		t.Error(got)
	}
	dir = filepath.Join(dir, "runs[1]")
	one := filepath.Join(dir, "one")
	must.OK(t, os.MkdirAll(one, 0o700))
	must.OK(t, os.WriteFile(filepath.Join(one, folder.ManifestName), []byte(`{"schema":"`+journal.Schema+`","state":"finished"}`), 0o600))
	if got := sessionsIn(dir); !slices.Equal(got, []string{one}) {
		t.Error(got)
	}
}
