package runner

import (
	"testing"

	"github.com/tailscope/tailscope/runner/plan"
)

// What was asked for ahead stands before the rest, is counted until it begins,
// and is dropped without anything else.
func TestWarmUpsAheadAreCountedAndDropped(t *testing.T) {
	lost := &inflight{id: 7}
	q := queue{again: []*inflight{lost}}
	q.ahead([]plan.Item{{Tokens: 8, Warmup: true}, {Tokens: 16, Warmup: true}, {Tokens: 24, Warmup: true}}, nil)
	if q.warming() != 3 {
		t.Fatalf("%d warm-ups are to come, want 3", q.warming())
	}
	q.again = q.again[1:] // one has begun
	if n := q.warming(); n != 2 {
		t.Errorf("%d are to come after one has begun, want 2", n)
	}
	if n := q.dropWarming(); n != 2 || len(q.again) != 1 || q.again[0] != lost {
		t.Errorf("%d dropped, %d left", n, len(q.again))
	}
}
