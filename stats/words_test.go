package stats

import (
	"slices"
	"testing"
)

// TestModesAndLanes walks the tables: names come back as what they name, each
// mode times what its model's other modes do not, and a label follows the phases.
func TestModesAndLanes(t *testing.T) {
	seen := map[string]bool{}
	for m := range Mode(NumModes) {
		r := Modes[m]
		got, err := ParseMode(r.Name)
		if err != nil || got != m || seen[r.Name] || len(r.Phases) == 0 {
			t.Errorf("mode %d: %+v, read as %v, %v", m, r, got, err)
		}
		seen[r.Name] = true
		if r.Model == CausalLM == slices.Contains(r.Phases, ForwardPhase) {
			t.Errorf("%s is of %s and times %v", r.Name, r.Model, r.Phases)
		}
		want := map[bool]string{true: "static-cache", false: "variable"}[m.Times(DecodePhase)]
		if m.Times(DecodePhase) && m.Times(PrefillPhase) {
			want = "prefill=variable,decode=static-cache"
		}
		if got := m.Label("variable", "static-cache"); got != want {
			t.Errorf("%s under variable and static-cache is called %s, want %s", r.Name, got, want)
		}
	}
	if m, err := ParseMode("sideways"); err == nil || m.Times(PrefillPhase) || m.Times(DecodePhase) || m.Times(ForwardPhase) || m.String() != "mode(4)" {
		t.Error("an unknown mode", m, err)
	}
	for l := range Lane(NumLanes) {
		if got, err := ParseLane(l.String()); err != nil || got != l {
			t.Error(l, got, err)
		}
	}
	if _, err := ParseLane("middle"); err == nil {
		t.Error("an unknown lane")
	}
}
