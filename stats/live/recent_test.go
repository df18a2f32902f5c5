package live

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/stats"
)

// The last minute is, second by second, the slowest of the samples that ended in
// it, in whatever order they come within a minute.
func TestLastMinuteIsTheSlowestOfEachSecond(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r lastMinute
		var all []stats.Sample
		at := int64(100e9)
		for range rapid.IntRange(0, 60).Draw(t, "samples") {
			at += rapid.Int64Range(0, 9e9).Draw(t, "step")
			s := stats.Sample{StartNs: at - rapid.Int64Range(0, 3e9).Draw(t, "late"), WallNs: rapid.Int64Range(1, 1<<20).Draw(t, "wall")}
			if rapid.Bool().Draw(t, "compiles") {
				s.Flags = stats.FlagCompile
			}
			var e winSample
			e.set(&s, 0, 0)
			r.add(&e)
			all = append(all, s)
		}
		now := at + rapid.Int64Range(3e9, 80e9).Draw(t, "later")
		var want stats.Recent
		some := false
		for i := range all {
			s := &all[i]
			k := (s.StartNs+s.WallNs)/1e9 - (now/1e9 - stats.RecentSeconds + 1)
			if k < 0 {
				continue
			}
			some = true
			if ns := float32(s.WallNs); ns > want.SlowestNs[k] {
				want.SlowestNs[k] = ns
				want.Tagged &^= 1 << k
				if s.Tagged() {
					want.Tagged |= 1 << k
				}
			}
		}
		got := r.view(now)
		if (got != nil) != some {
			t.Fatalf("a view is there: %v, want %v", got != nil, some)
		}
		if got != nil && *got != want {
			t.Fatalf("got %v\nwant %v", *got, want)
		}
	})
}
