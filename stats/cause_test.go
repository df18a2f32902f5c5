package stats

import "testing"

// Every cause has a name that reads back and words of its own.
func TestCauseTable(t *testing.T) {
	seen := map[string]bool{}
	for c := CauseNone; c < NumCauses; c++ {
		if back, ok := ParseCause(c.String()); !ok || back != c || c.Words() == "" || seen[c.Words()] || c != CauseNone && c.String() == "" {
			t.Errorf("cause %d: %q, %q", c, c, c.Words())
		}
		seen[c.Words()] = true
	}
	if NumCauses.String() != "invalid" {
		t.Error("an invalid cause has a name")
	}
}
