package compare

import (
	"math"
	"testing"
)

// TestQuantityThatOneSideLost is missing, which fails a gate; a name that
// neither side has is unknown.
func TestQuantityThatOneSideLost(t *testing.T) {
	c := &Comparison{a: quantities{"prefill": {"optimized.p99_ms": 1}}, b: quantities{"prefill": {"eager.p99_ms": 1}}}
	if v, ok := c.Lookup("prefill", "optimized.p99_ms", false); !ok || !math.IsNaN(v) {
		t.Errorf("lost by B: %v, %v", v, ok)
	}
	if v, ok := c.Lookup("prefill", "optimized.p99_ms", true); !ok || v != 1 {
		t.Errorf("of A: %v, %v", v, ok)
	}
	if _, ok := c.Lookup("prefill", "optimized.p98_ms", false); ok {
		t.Error("a misspelt name is known")
	}
}
