package verdict

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

func drawLabel(r *rand.Rand, name string, n int, scale float64) Label {
	l := Label{Name: name, Summary: quantile.Empty()}
	for range n {
		l.Order = append(l.Order, int64(scale*math.Exp(.2*r.NormFloat64())))
	}
	l.Sorted = slices.Clone(l.Order)
	slices.Sort(l.Sorted)
	quantile.DescribeSorted(&l.Summary, l.Sorted, quantile.Spread{})
	return l
}

func TestLabels(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	apart := Labels([]Label{drawLabel(r, "a", 3000, 2e6), drawLabel(r, "b", 3000, 1e6), drawLabel(r, "c", 3000, 4e6)})
	if apart.Code != Agree || apart.Ranked[stats.P99].Winner != "b" || apart.Ranked[stats.P99].Next != "a" {
		t.Errorf("%+v", apart)
	}
	if v := Labels([]Label{drawLabel(r, "a", 100, 1e6)}); v.Code != Single {
		t.Errorf("%+v", v)
	}
	if v := Labels([]Label{drawLabel(r, "a", 100, 1e6), drawLabel(r, "b", 3, 1e6)}); v.Code != TooFew || !strings.Contains(v.Sentence, "b has 3") {
		t.Errorf("%+v", v)
	}
	false3, flips := 0, 0
	for range 200 {
		v := Labels([]Label{drawLabel(r, "a", 400, 1e6), drawLabel(r, "b", 400, 1e6), drawLabel(r, "c", 400, 1e6)})
		if v.Ranked[stats.Median].Winner+v.Ranked[stats.Mean].Winner+v.Ranked[stats.P99].Winner != "" {
			false3++
		}
		if v.Points == Flip && v.Code == Undecided {
			flips++
			if !strings.HasPrefix(v.Sentence, "Not told apart") || !strings.Contains(v.Sentence, "bare figures flip") {
				t.Fatal(v.Sentence)
			}
		}
	}
	if false3 > 16 || flips == 0 {
		t.Errorf("of three equal labels one is named in %d of 200 sessions; the figures flip in %d", false3, flips)
	}
}

func TestBoundLabelsTellNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	a, b := drawLabel(r, "a", 3000, 2e6), drawLabel(r, "b", 3000, 1e6)
	a.Order, a.Sorted = nil, nil
	if v := Labels([]Label{a, b}); v.Code != Undecided || v.Points != Agree {
		t.Errorf("%+v", v)
	}
}

// That the best is before the next says nothing of a third that is behind both by
// its figures, of few samples that lie far apart.
func TestTheBestLabelIsToldFromEachOther(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	wide := Label{Name: "wide", Summary: quantile.Empty(), Order: []int64{1e5, 4e6, 4e6, 1e5, 4e6, 4e6, 1e5, 4e6, 1e5, 4e6}}
	wide.Sorted = slices.Sorted(slices.Values(wide.Order))
	quantile.DescribeSorted(&wide.Summary, wide.Sorted, quantile.Spread{})
	v := Labels([]Label{wide, drawLabel(r, "best", 3000, 1e6), drawLabel(r, "next", 3000, 2e6)})
	for s := range v.Ranked {
		if x := v.Ranked[s]; x.Ahead != "best" || x.Winner != "" || x.Next != "wide" || x.Lo > 0 {
			t.Errorf("%s: %+v", stats.Statistic(s), x)
		}
	}
	if v.Code != Undecided || !strings.Contains(v.Sentence, "do not tell the best of 3 labels from the rest") {
		t.Errorf("%s: %s", v.Code, v.Sentence)
	}
	if v = Labels([]Label{drawLabel(r, "best", 3000, 1e6), drawLabel(r, "next", 3000, 2e6), drawLabel(r, "last", 3000, 4e6)}); v.Code != Agree || v.Ranked[stats.Mean].Next != "next" {
		t.Errorf("%+v", v)
	}
}

func TestEqualLabelsAreNotBeforeEachOther(t *testing.T) {
	same := Label{Name: "a", Summary: quantile.Empty(), Order: slices.Repeat([]int64{5e6}, 100), Sorted: slices.Repeat([]int64{5e6}, 100)}
	quantile.DescribeSorted(&same.Summary, same.Sorted, quantile.Spread{})
	other := same
	other.Name = "b"
	if v := Labels([]Label{same, other}); v.Points != Agree || !strings.Contains(v.Sentence, "(median the same, mean the same, p99 the same)") {
		t.Errorf("%s: %s", v.Points, v.Sentence)
	}
}
