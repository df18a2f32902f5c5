package labels

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// doubts says of which statistics the samples do not tell the best label from
// the next one. Means: Welch's interval, 1.96 √(s²/n + s²/n). Quantiles: the
// one lies in the other's order-statistic interval. Rows are taken one by one:
// a session's pairs, of which these tables know nothing, may tell more.
func doubts(g []Group) string {
	var what []string
	if a, b := firstTwo(g, mean); a != nil {
		d := float64(b.MeanMs - a.MeanMs)
		half := 1.96 * math.Sqrt(float64(a.StdMs*a.StdMs)/float64(a.N)+float64(b.StdMs*b.StdMs)/float64(b.N))
		if d <= half {
			what = append(what, fmt.Sprintf("the means of %s and %s apart (difference %.3g ms, 95 %%: ± %.3g)", a.Backend, b.Backend, d, half))
		}
	}
	for _, q := range [...]struct {
		name string
		q    float64
	}{{"medians", .5}, {"p99s", .99}} {
		a, b := firstTwo(g, func(g *Group) stats.Num { return g.Quantile(q.q) })
		if a == nil || !a.Exact || !b.Exact {
			continue
		}
		x, y := quantile.Exact(a.Sorted(), q.q), quantile.Exact(b.Sorted(), q.q)
		inside := func(v float64, in *stats.Quantile) bool { return v >= in.Lo && v <= in.Hi }
		if x.Need+y.Need == 0 && (inside(x.Value, &y) || inside(y.Value, &x)) {
			what = append(what, fmt.Sprintf("the %s of %s and %s apart (95 %%: %.3g to %.3g and %.3g to %.3g ms)", q.name, a.Backend, b.Backend,
				x.Lo/1e6, x.Hi/1e6, y.Lo/1e6, y.Hi/1e6))
		}
	}
	if len(what) == 0 {
		return ""
	}
	return " Taken one by one, the samples do not tell " + strings.Join(what, ", nor ") + "."
}

// firstTwo are the groups with the least two values; nil where one is missing
// or both are equal.
func firstTwo(g []Group, of func(*Group) stats.Num) (a, b *Group) {
	order := make([]*Group, len(g))
	for i := range g {
		if order[i] = &g[i]; of(order[i]).Missing() {
			return nil, nil
		}
	}
	slices.SortStableFunc(order, func(x, y *Group) int { return cmp.Compare(of(x), of(y)) })
	if len(order) < 2 || of(order[0]) == of(order[1]) {
		return nil, nil
	}
	return order[0], order[1]
}
