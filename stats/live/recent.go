package live

import "github.com/tailscope/tailscope/stats"

// lastMinute keeps the slowest sample of each second of the last minute.
type lastMinute struct {
	second int64 // number of the newest, by the end of samples
	ns     [stats.RecentSeconds]float32
	tagged uint64 // bit i: of the slowest in ns[i]
}

func (r *lastMinute) add(e *winSample) { r.addAt(e.t/1e9, e) }

// addAt is add of a sample that ended in this second.
func (r *lastMinute) addAt(second int64, e *winSample) {
	if second < 0 { // no clock says so
		return
	}
	switch d := second - r.second; {
	case d > 0:
		for i := max(r.second+1, second-stats.RecentSeconds+1); i <= second; i++ {
			r.ns[i%stats.RecentSeconds] = 0
			r.tagged &^= 1 << (i % stats.RecentSeconds)
		}
		r.second = second
	case d <= -stats.RecentSeconds:
		return
	}
	i := second % stats.RecentSeconds
	if ns := float32(e.wall); ns > r.ns[i] {
		r.ns[i] = ns
		r.tagged &^= 1 << i
		if e.tagged() {
			r.tagged |= 1 << i
		}
	}
}

// view is the minute that ends at nowNs, nil when nothing was in it.
func (r *lastMinute) view(nowNs int64) *stats.Recent {
	last := max(nowNs/1e9, r.second)
	first := last - stats.RecentSeconds + 1
	if r.second < first || r.second == 0 {
		return nil
	}
	var out stats.Recent
	for i := max(first, r.second-stats.RecentSeconds+1, 0); i <= r.second; i++ {
		at := i % stats.RecentSeconds
		out.SlowestNs[i-first] = r.ns[at]
		if r.tagged&(1<<at) != 0 {
			out.Tagged |= 1 << (i - first)
		}
	}
	return &out
}
