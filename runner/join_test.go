package runner

import (
	"fmt"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
)

// What an engine that runs several at once has answered waits for nothing that
// takes longer; one that runs one after the other hands on in that order. Both
// lanes of a request stay together.
func TestASlowRequestHoldsBackNothingBesideIt(t *testing.T) {
	for parallel, want := range map[bool]string{true: "[2 2 3 3 1 1]", false: "[1 1 2 2 3 3]"} {
		var got []uint64
		s := &Session{}
		j := newJoiner(&s.rec, func(r *row, fl *inflight) { got = append(got, r.smp.Request) })
		j.parallel = parallel
		now := clock.Monotonic()
		for id := uint64(1); id <= 3; id++ {
			j.expect(&inflight{id: id, item: plan.Item{Mode: "e2e_kv"}, order: []string{"optimized", "eager"}, left: 2})
		}
		for _, x := range []struct {
			id    uint64
			order int
		}{{2, 0}, {3, 0}, {2, 1}, {1, 0}, {3, 1}, {1, 1}} {
			must.OK(t, j.take(&protocol.Batch{Lane: j.pending[x.id].order[x.order], Mode: "e2e_kv", Shape: "1+1", Request: []uint64{x.id},
				Order: []int{x.order}, StartNs: []int64{now}, WallNs: []int64{1}}, nil))
		}
		if fmt.Sprint(got) != want || len(j.sent) > 0 {
			t.Errorf("parallel %v: handed on %v, want %s; %d kept", parallel, got, want, len(j.sent))
		}
	}
}
