package stats

import (
	"slices"
	"testing"
)

// Every strategy's row is whole, and every word of a phase stands for a strategy
// that the engines can be asked for.
func TestStrategyTable(t *testing.T) {
	for i := range Strategies {
		r := &Strategies[i]
		if StrategyOf(string(r.Word)) != r || r.Means == "" || len(r.Phases) == 0 || len(r.Engines) == 0 {
			t.Errorf("the row of %q is not whole: %+v", r.Word, *r)
		}
		if p := StrategyOf(string(r.Prompt)); p == nil || !p.In(PrefillPhase) {
			t.Errorf("%q runs prompts as %q, which is no strategy of theirs", r.Word, r.Prompt)
		}
		for _, engine := range ownEngines {
			if lacks := StrategyLacks(engine)[string(r.Word)]; !slices.Contains(r.Engines, engine) && lacks == "" {
				t.Errorf("nothing says why %s has no %s", engine, r.Word)
			}
		}
		if r.In(DecodePhase) != (r.Alone == "") || r.Alone != "" && !StrategyOf(string(r.Alone)).In(DecodePhase) {
			t.Errorf("%s cannot stand alone: decode has no such strategy", r.Word)
		}
		if r.Alone == "" && JoinStrategy(string(r.Prompt), string(r.Word)) != string(r.Word) {
			t.Errorf("%s is not spelled as itself", r.Word)
		}
	}
	if StrategyOf("") != nil || JoinStrategy("padded", "eager") != "prefill=padded,decode=eager" {
		t.Error("words that are none, or that differ by phase")
	}
}
