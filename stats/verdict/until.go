package verdict

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// Until is a stop rule: the run ends when the 95 % interval of a statistic is
// narrow enough in every lane that has samples.
type Until struct {
	Statistic string  // p50, p90, p95, p99, p99.9 or diff
	Within    float64 // interval width over estimate, 0 to 1
	Lane      string  // eager, optimized or "" for both
}

// ParseUntil reads "p99 within 5 %", optionally with a lane in front
// ("optimized p99 within 5 %"), or "diff within 10 %" for the median
// difference of the pairs. The sign % belongs to it: a bare 5 could mean five
// times the value, and 0.5 both a half and half a percent. The error says what
// is understood.
func ParseUntil(s string) (Until, error) {
	var u Until
	bad := fmt.Errorf("until %q: want for example \"p99 within 5 %%\" or \"optimized p50 within 1 %%\"", s)
	f := strings.Fields(strings.ReplaceAll(strings.ToLower(s), "%", " % "))
	if len(f) > 0 && (f[0] == stats.Eager.String() || f[0] == stats.Optimized.String()) {
		u.Lane, f = f[0], f[1:]
	}
	if len(f) == 3 && f[1] == "within" {
		return Until{}, fmt.Errorf("until %q: without %% it could mean %s %% or %s times the value: write for example \"p99 within 5 %%\"", s, f[2], f[2])
	}
	if len(f) != 4 || f[1] != "within" || f[3] != "%" {
		return Until{}, bad
	}
	if u.Statistic = f[0]; u.Statistic == "median" {
		u.Statistic = "p50"
	}
	if quantiles[u.Statistic] == nil && u.Statistic != "diff" {
		return Until{}, bad
	}
	x, err := strconv.ParseFloat(f[2], 64)
	if err != nil || !(x > 0) || math.IsInf(x, 0) {
		return Until{}, bad
	}
	if u.Statistic == "diff" && u.Lane != "" {
		return Until{}, fmt.Errorf("until %q: a difference is between both lanes: leave out %q", s, u.Lane)
	}
	u.Within = x / 100
	if u.Within >= 1 {
		return Until{}, fmt.Errorf("until %q: a width of 100 %% or more says nothing", s)
	}
	return u, nil
}

// Done reports whether the rule is met by the current segment, and a phrase on
// how far it is.
func (u Until) Done(l *stats.Live) (bool, string) {
	if u.Statistic == "diff" {
		w := relativeWidth(l.Pair.MedianDiff, l.Pair.DiffLo, l.Pair.DiffHi)
		return w <= u.Within, progressWords("median difference", w, u.Within)
	}
	done, worst, any := true, 0.0, false
	for i := range l.Lanes {
		if u.Lane != "" && u.Lane != stats.Lane(i).String() || l.Lanes[i].Segment.N == 0 && u.Lane == "" {
			continue
		}
		any = true
		q := quantiles[u.Statistic](&l.Lanes[i].Segment)
		w := relativeWidth(q.Value, q.Lo, q.Hi)
		worst = math.Max(worst, w) // NaN where one is
		done = done && w <= u.Within
	}
	return done && any, progressWords(u.Statistic, worst, u.Within)
}

// quantiles are those that a rule may name.
var quantiles = map[string]func(*stats.Summary) stats.Quantile{
	"p50":   func(s *stats.Summary) stats.Quantile { return s.P50 },
	"p90":   func(s *stats.Summary) stats.Quantile { return s.P90 },
	"p95":   func(s *stats.Summary) stats.Quantile { return s.P95 },
	"p99":   func(s *stats.Summary) stats.Quantile { return s.P99 },
	"p99.9": func(s *stats.Summary) stats.Quantile { return s.P999 },
}

// relativeWidth of an interval over its estimate; NaN where there is none.
func relativeWidth(v, lo, hi float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return (hi - lo) / math.Abs(v)
}

func progressWords(what string, width, within float64) string {
	if math.IsNaN(width) {
		return fmt.Sprintf("%s: too few samples for an interval", what)
	}
	return fmt.Sprintf("the 95 %% interval of the %s is %.1f %% of its value wide, asked were %.1f %%", what, 100*width, 100*within)
}
