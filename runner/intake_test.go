package runner

import (
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
	"github.com/tailscope/tailscope/stats/live"
)

// The first sample of a run that counts is its number 0, also where failed ones
// came before it: the mean without first samples leaves it out.
func TestFailedSamplesDoNotCountInARun(t *testing.T) {
	s := &Session{}
	s.join = newJoiner(&s.rec, s.takeSample)
	coll := live.New(live.Options{})
	exact := exact.New(exact.Options{})
	for i, failed := range []bool{true, false, true, false, false} {
		r := row{smp: stats.Sample{Seq: uint64(i), Request: uint64(i), Scenario: "s", Shape: "1x8", Failed: failed, StartNs: int64(i+1) * 1e9,
			WallNs: int64(10 - i), DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent}}
		r.place = s.join.placeOf(&r.smp)
		r.number()
		smp := r.smp
		if want := []int32{0, 0, 1, 1, 2}[i]; smp.NthInRun != want {
			t.Errorf("sample %d is number %d of its run, want %d", i, smp.NthInRun, want)
		}
		coll.Add(&smp)
		exact.Add(&smp)
	}
	live := coll.Live(stats.Prefill, 6e9).Lanes[stats.Eager].Session.MeanExclFirst
	file := float64(exact.Finish(stats.Prefill).Groups[0].MeanExclFirstMs) * 1e6
	if live != 6.5 || file != live { // of 9, 7 and 6
		t.Errorf("mean without the first sample: live %v, exported %v, want 6.5", live, file)
	}
}
