package kept

import (
	"testing"

	"github.com/tailscope/tailscope/stats"
)

func TestSlowOnesAreRememberedLongest(t *testing.T) {
	var k Kept
	for i := range 100_000 {
		s := stats.Sample{Seq: uint64(i), Request: uint64(i), Shape: "1x8", WallNs: 1e6, StartNs: int64(i) * 1e6, Mode: stats.Prefill}
		if i%100 == 0 {
			s.WallNs, s.Cause, s.Shape = 5e6+int64(i), stats.CauseHost, "1x9"
		}
		k.Add(&s)
	}
	f := k.Find(Query{Cause: stats.CauseHost})
	if f.N != 1000 || len(f.Rows) != most || f.Rows[0].WallNs != 5e6+99_900 {
		t.Errorf("%d found, %d rows, the slowest %d", f.N, len(f.Rows), f.Rows[0].WallNs)
	}
	if f.Since == 0 {
		t.Error("nothing says that ordinary samples were forgotten")
	}
	if f := k.Find(Query{Shape: "1x8"}); f.N != latest {
		t.Errorf("%d ordinary ones, want the latest %d", f.N, latest)
	}
	lane, req := stats.Optimized, uint64(99_900)
	if f := k.Find(Query{Lane: &lane}); f.N != 0 {
		t.Errorf("%d of the other lane", f.N)
	}
	if f := k.Find(Query{Request: &req, MinNs: 5e6, From: 99_000e6}); f.N != 1 || f.Rows[0].Shape != "1x9" {
		t.Errorf("%+v", f)
	}
}

// TestForgottenSlowOnesAreSaid: where every sample tells something, as under a
// throttled GPU, the oldest of them go, and Since says from when on none has.
func TestForgottenSlowOnesAreSaid(t *testing.T) {
	var k Kept
	for i := range telling + 100 {
		k.Add(&stats.Sample{Seq: uint64(i), Shape: "1x8", WallNs: 1e6, StartNs: int64(i) * 1e6, Flags: stats.FlagThrottle})
		if i == telling-1 && k.Find(Query{}).Since != 0 {
			t.Error("since some time with all remembered")
		}
	}
	if f := k.Find(Query{}); f.N != telling || f.Since != 100e6 {
		t.Errorf("%d remembered since %d, want %d since %d", f.N, f.Since, telling, int64(100e6))
	}
}
