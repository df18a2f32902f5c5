package stats

import "math"

// SessionShare is by how much two sessions of the same thing differ, as a share of
// the eager lane's figure, where no A/A run has measured it: what samples of one
// session tell below it may be the session's own. Sessions on busy hosts differ
// by 1.3 to 1.6 % (standard deviation), and the lane that starts second is slower by 1 %.
const SessionShare = 0.03

// Noise is the half width of what A/A runs (eager against eager) show as a
// difference of median, mean and p99. 0 is unknown.
type Noise struct {
	MedianNs float64 `json:"median_ns"` // of the segments of one session
	MeanNs   float64 `json:"mean_ns"`
	P99Ns    float64 `json:"p99_ns"`

	Sessions int                    `json:"sessions,omitempty"` // A/A sessions of this machine that Shares come from
	Shares   [NumStatistics]float64 `json:"shares,omitzero"`    // of the eager figure: median, mean, p99 in the order of Statistic
}

// Mean and p99 fall back on what is known: they are no quieter than the median.
func (n Noise) Mean() float64 { return math.Max(n.MeanNs, n.MedianNs) }

func (n Noise) P99() float64 { return math.Max(n.P99Ns, n.MedianNs) }

// Take replaces what o knows.
func (n *Noise) Take(o Noise) {
	for _, x := range []struct {
		to   *float64
		from float64
	}{{&n.MedianNs, o.MedianNs}, {&n.MeanNs, o.MeanNs}, {&n.P99Ns, o.P99Ns}} {
		if x.from > 0 {
			*x.to = x.from
		}
	}
	if o.Sessions > 0 {
		n.Sessions, n.Shares = o.Sessions, o.Shares
	}
}

// Facts is what the session knows and samples do not tell: the ground of the
// production rule.
type Facts struct {
	CompilerReal string // yes, no, unknown (or empty)
	Why          string // what the evidence says, a phrase
	AA           bool   // the optimized lane is a second eager session
	Strategy     string // in force, e.g. "padded" or "prefill=padded,decode=eager"
	Checks       int    // outputs of the lanes compared
	Diverged     int
	MaxRelL2     float64
}
