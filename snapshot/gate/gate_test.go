package gate

import (
	"math"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

func lookup(name string, inA bool) (float64, bool) {
	v, ok := map[string][2]float64{"optimized.p99_ms": {40, 42}, "eager.p99_ms": {50, 100}, "x.none": {math.NaN(), math.NaN()},
		"optimized.fallbacks": {0, 3}, "eager.fallbacks": {0, 0},
		"gpu-compile.p50_ms": {2, 1}}[name]
	if inA {
		return v[0], ok
	}
	return v[1], ok
}

func TestDecide(t *testing.T) {
	for text, want := range map[string]bool{
		"ratio(optimized.p99_ms) <= 1.05":         true, // 42/40 = 1.05
		"ratio(optimized.p99_ms) < 1.05":          false,
		"optimized.p99_ms <= 40":                  false,
		"base(optimized.p99_ms) <= 40":            true,
		"delta(optimized.p99_ms) <= 2":            true,
		"optimized.p99_ms / eager.p99_ms <= 0.42": true,
		"optimized.p99_ms<=eager.p99_ms-(2*29)":   true,
		"-optimized.p99_ms >= -42":                true,
		"x.none <= 5":                             false,
		"x.none > 5":                              false,
		`ratio("gpu-compile".p50_ms) <= .5`:       true,
		"ratio(eager.p99_ms) >= 2 ":               true,
		"optimized.p99_ms > 1e1":                  true,
		"delta(optimized.p99_ms) > 5e-2":          true,
		"delta(optimized.p99_ms) <= 2E+0":         true,
		"delta(optimized.p99_ms)>5e-2-1":          true,
	} {
		e := must.Get(Parse(text))(t)
		r, err := e.Values(lookup)
		if err != nil || (r.Fails == "" && e.Holds(r)) != want {
			t.Errorf("%s: %v, %v; want %v", text, r, err, want)
		}
	}
}

// TestDivisionByZero: an infinite threshold holds whatever was measured, so
// the gate fails and says why; a name that is not there stays an error.
func TestDivisionByZero(t *testing.T) {
	for _, text := range []string{"optimized.p99_ms <= 1/0", "optimized.p99_ms / eager.fallbacks > 1", "ratio(optimized.fallbacks) > 1",
		"ratio(eager.fallbacks) <= 1", "1 <= -(2 + 1/0)"} {
		e := must.Get(Parse(text))(t)
		r, err := e.Values(lookup)
		if err != nil || !strings.Contains(r.Fails, "divides by zero") {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
	e := must.Get(Parse("1/0 <= optimized.p98_ms"))(t)
	if _, err := e.Values(lookup); err == nil || !strings.Contains(err.Error(), "p98") {
		t.Error("unknown quantity beside a division by zero:", err)
	}
}

func TestRefusals(t *testing.T) {
	for _, text := range []string{"", "optimized.p99_ms", "<= 3", "f(x.y) <= 2", "ratio() < 1", "ratio(1 < 2", "1 <= 2 <= 3", "a + <= 1",
		strings.Repeat("(", 100) + "1<2", strings.Repeat("-", 200) + "1<2"} {
		if e, err := Parse(text); err == nil {
			t.Errorf("%q was read as %+v", text, e)
		}
	}
	e := must.Get(Parse("optimized.p98_ms < 2"))(t)
	if _, err := e.Values(lookup); err == nil || !strings.Contains(err.Error(), "p98") {
		t.Fatal("unknown quantity:", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ratio(optimized.p99_ms) <= 1.05")
	f.Add(`-("a b".x*2)/3 > 1e9`)
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s)
		if err != nil {
			return
		}
		must.Get(e.Values(func(string, bool) (float64, bool) { return 1, true }))(t)
	})
}
