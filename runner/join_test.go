package runner

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats/live"
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

// Rows are handed on in the order in which they began, whichever lane reports
// first, and one whose room was used before has nothing of what was there.
func TestRowsComeInOrderAndNew(t *testing.T) {
	var got []string
	s := &Session{}
	s.rec.fail = func(err error) { t.Fatal(err) }
	s.rec.sink = &memory{}
	s.rec.coll = live.New(live.Options{})
	j := newJoiner(&s.rec, func(r *row, fl *inflight) {
		r.number()
		got = append(got, fmt.Sprintf("%d %v %d %v %q %v", r.smp.Request, r.smp.Lane, r.smp.NthInRun, r.smp.Failed, r.err, r.steps))
	})
	report := func(id uint64, lane string, order int, startNs int64, failure string, steps []int64) {
		must.OK(t, j.take(&protocol.Batch{Lane: lane, Mode: "prefill", Shape: "1x8", Request: []uint64{id}, Order: []int{order},
			StartNs: []int64{startNs}, WallNs: []int64{1}, Error: []string{failure}, StepsNs: [][]int64{steps}}, nil))
	}
	for id := uint64(1); id <= 2; id++ {
		j.expect(&inflight{id: id, item: plan.Item{Mode: "prefill"}, order: []string{"eager", "optimized"}, left: 2})
		now := clock.Monotonic()
		if id == 1 {
			report(id, "optimized", 1, now, "out of memory", []int64{1})
			report(id, "eager", 0, now-1, "", nil)
			continue
		}
		report(id, "eager", 0, now, "", nil)
		report(id, "optimized", 1, now, "", nil)
	}
	want := []string{`1 eager 0 false "" []`, `1 optimized 0 true "out of memory" [1]`, `2 eager 1 false "" []`, `2 optimized 0 false "" []`}
	if !slices.Equal(got, want) || len(j.spare) != 1 {
		t.Errorf("handed on %q, want %q; room of %d", got, want, len(j.spare))
	}
}
