package stats

import (
	"strings"
	"testing"
)

func TestCompilerReal(t *testing.T) {
	good := Backend{Requested: "x", Actual: "x"}
	for _, c := range []struct {
		name         string
		e            Evidence
		answer, says string
	}{
		{"made", Evidence{Executables: []Backend{good}, Counted: true, Compiles: 13}, RealYes, "13 executables made, no fallback"},
		{"one", Evidence{Counted: true, Compiles: 1}, RealYes, "1 executable made, no fallback"},
		{"counters without a number", Evidence{Executables: []Backend{good}, Counted: true, Compiles: -1}, RealYes, "counters after compilation"},
		{"nothing", Evidence{}, RealUnknown, "no compile was counted"},
		{"a label", Evidence{LabelOnly: "the label is only a name", Counted: true, Compiles: 3}, RealUnknown, "only a name"},
		{"A/A", Evidence{AA: true, Counted: true, Compiles: 3}, RealNo, "A/A"},
		{"eager", Evidence{Eager: true}, RealNo, "strategy eager"},
		{"one of two fell back", Evidence{Executables: []Backend{good, {Requested: "x", Actual: "y", FallbackFrom: "x", FallbackError: "no kernel"}},
			Counted: true, Compiles: 3}, RealNo, "fallback from x: no kernel"},
		{"asked for another", Evidence{Executables: []Backend{{Requested: "x", Actual: "y"}}, Counted: true, Compiles: 3}, RealNo, "asked for x, got y"},
		{"nobody says who", Evidence{Executables: []Backend{{Requested: "x"}}, Counted: true, Compiles: 3}, RealUnknown, "no backend"},
		{"some requests fell back", Evidence{Counted: true, Compiles: 8, Fallbacks: 33}, RealNo, "8 executables made, but 33 requests fell back"},
	} {
		if answer, why := CompilerReal(&c.e); answer != c.answer || !strings.Contains(why, c.says) {
			t.Errorf("%s: %s, %s", c.name, answer, why)
		}
	}
}
