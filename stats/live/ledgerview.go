package live

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/ledger"
	"github.com/tailscope/tailscope/stats/quantile"
)

// sessionCauses splits the lane's tail of the whole session by cause. Counts
// add up to tailN.
func (l *laneState) sessionCauses(lane stats.Lane, g *group, threshold float64, scratch *quantile.Hist) (rows []stats.CauseRow, tailN int) {
	if !l.anyClosed && !l.causes.full {
		return l.earlyRows(lane, threshold)
	}
	hists := l.causes.counted(lane, l.median())
	for c, h := range &l.closed {
		if h == nil {
			continue
		}
		sum := new(quantile.Hist)
		sum.Merge(h)
		if hists[c] != nil {
			sum.Merge(hists[c])
		}
		hists[c] = sum
	}
	return l.histRows(g, &hists, threshold, scratch)
}

// segmentCauses does the same for the current segment.
func (l *laneState) segmentCauses(lane stats.Lane, threshold float64, scratch *quantile.Hist) (rows []stats.CauseRow, tailN int) {
	if !l.causes.full {
		return l.earlyRows(lane, threshold)
	}
	hists := l.causes.counted(lane, l.median())
	return l.histRows(&l.segment, &hists, threshold, scratch)
}

// counted returns the histograms of every cause but work; early samples are
// judged with what is known now.
func (l *causeLedger) counted(lane stats.Lane, laneMedian float64) causeHists {
	if l.full {
		return l.hists
	}
	var out causeHists
	for i := range l.early {
		x := &l.early[i]
		out.tally(ledger.Classify(&x.e, x.shape.cleanMedian(lane), laneMedian), &x.e)
	}
	return out
}

func (l *laneState) histRows(g *group, hists *causeHists, threshold float64, scratch *quantile.Hist) (rows []stats.CauseRow, tailN int) {
	work := new(quantile.Hist)
	work.CopyFrom(&g.d.H)
	for c, h := range hists {
		if h != nil && c != int(firstCompiles) {
			work.SubAbove(h, -1)
		}
	}
	for c := stats.CauseCompile; c < stats.NumCauses; c++ {
		h := hists[c]
		if c == stats.CauseWork {
			h = work
		}
		if h == nil {
			continue
		}
		n, sum, worst := h.TailOf(threshold)
		if n == 0 {
			continue
		}
		tailN += n
		scratch.CopyFrom(&g.d.H)
		scratch.SubAbove(h, threshold)
		worst = quantile.ClampF(worst, float64(g.d.Min), float64(g.d.Max)) // a bucket's middle may lie beyond
		row := l.row(c, n, quantile.OfHist(scratch, 0.99, g.d.Min, g.d.Max), worst, sum)
		if firsts := hists[firstCompiles]; c == stats.CauseCompile && firsts != nil {
			row.FirstCompiles, _, _ = firsts.TailOf(threshold)
		}
		if c == stats.CauseCompile && g.compiles == g.d.N { // none is without
			row.P99Without = math.NaN()
		}
		rows = append(rows, row)
	}
	return rows, tailN
}

// earlyRows judges the raw samples with what is known now.
func (l *laneState) earlyRows(lane stats.Lane, threshold float64) (rows []stats.CauseRow, tailN int) {
	early := l.causes.early
	var counts, firsts [stats.NumCauses]int
	var worst [stats.NumCauses]int64
	var sums [stats.NumCauses]float64
	causes, compiled := make([]stats.Cause, len(early)), 0
	for i := range early {
		e := &early[i].e
		if e.Compiled() {
			compiled++
		}
		if !(float64(e.Wall) > threshold) {
			continue
		}
		c := ledger.Classify(e, early[i].shape.cleanMedian(lane), l.median())
		causes[i] = c
		counts[c]++
		if c == stats.CauseCompile && e.Flags&stats.FlagCompile != 0 {
			firsts[c]++
		}
		sums[c] += float64(e.Wall)
		worst[c] = max(worst[c], e.Wall)
		tailN++
	}
	kept := make([]int64, 0, len(early))
	for c := stats.CauseCompile; c < stats.NumCauses; c++ {
		if counts[c] == 0 {
			continue
		}
		kept = kept[:0]
		for i := range early {
			if causes[i] != c && (c != stats.CauseCompile || compiled < len(early)) {
				kept = append(kept, early[i].e.Wall)
			}
		}
		quantile.SortInts(kept)
		row := l.row(c, counts[c], quantile.Percentile(kept, 0.99), float64(worst[c]), sums[c])
		row.FirstCompiles = firsts[c]
		rows = append(rows, row)
	}
	return rows, tailN
}

func (l *laneState) row(c stats.Cause, n int, without, worst, sum float64) stats.CauseRow {
	r := stats.CauseRow{Cause: c, N: n, P99Without: without, WorstNs: worst, SumNs: sum}
	if w := l.worst[c]; math.Abs(float64(w.wall)-worst) <= worst/1000 {
		r.Example = w.reason
	}
	if r.Example == "" {
		r.Example = "worst " + stats.FormatMs(worst)
	}
	return r
}

// hidden describes the group without tagged samples.
func (g *group) hidden(scratch *quantile.Hist) stats.Summary {
	if g.tagged == nil || g.tagged.N == 0 {
		return g.summary()
	}
	s := quantile.Empty()
	if v := g.d.Values(); v != nil {
		quantile.DescribeSorted(&s, quantile.Without(v, g.tagged.Values()), g.d.Spread)
		return s
	}
	scratch.CopyFrom(&g.d.H)
	scratch.SubAbove(&g.tagged.H, -1)
	sum, sq := g.d.Sum, g.d.Sq
	sum.SubU128(g.tagged.Sum)
	sq.SubU128(g.tagged.Sq)
	quantile.DescribeHist(&s, scratch, sum, sq, g.d.Spread)
	return s
}
