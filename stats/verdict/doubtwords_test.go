package verdict

import (
	"math"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// What the samples do not tell apart is neither won nor advised as won.
func TestDoubtIsNoVictory(t *testing.T) {
	lane := func(p50, p99 float64) stats.Summary {
		s := quantile.Empty()
		s.N, s.Mean, s.Std, s.P50.Value = 500, p50, .01, p50
		s.P99 = stats.Quantile{Value: p99, Lo: .9 * p99, Hi: 1.1 * p99, N: 500}
		s.ResponseP50, s.ResponseP99 = p50, p99
		return s
	}
	for _, c := range []struct {
		name      string
		eager     stats.Summary
		need      int
		won, tail string
	}{
		{"apart", lane(2e6, 8e6), 0, "wins all three", "it wins the median and the tail."},
		{"p99s overlap", lane(2e6, 2.1e6), 0, "is ahead in all three", "it wins the median; the samples do not tell the p99s apart."},
		{"few", lane(2e6, 8e6), 9, "is ahead in all three", "it wins the median; of the tail there are too few samples yet."},
	} {
		in := Input{Lanes: [stats.NumLanes]stats.Summary{c.eager, lane(1e6, 2e6)}, Facts: stats.Facts{CompilerReal: "yes", Strategy: "padded"},
			Decode: math.NaN(), Pair: stats.PairView{N: 500, DiffLo: -2, DiffHi: -1}}
		in.Lanes[stats.Eager].P99.Need, in.Lanes[stats.Optimized].P99.Need = c.need, c.need
		v := Judge(in)
		if v.Code != "agree" || !strings.Contains(v.Sentence, "the optimized lane "+c.won) {
			t.Errorf("%s: %s %q", c.name, v.Code, v.Sentence)
		}
		if v.Advice[0].Rule != "compile_prefill" || !strings.HasSuffix(v.Advice[0].Sentence, c.tail) {
			t.Errorf("%s: %+v", c.name, v.Advice)
		}
		if said := strings.Contains(v.Sentence, "eager and 1.00 ms (p99 2.00 ms) optimized"); said != (c.need == 0) {
			t.Errorf("%s: a p99 of too few responses, or none of enough: %q", c.name, v.Sentence)
		}
	}
}
