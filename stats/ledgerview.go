package stats

import (
	"fmt"
	"math"
	"slices"
)

// sessionCauses splits the lane's tail of the whole session by cause. Counts
// add up to tailN.
func (l *laneState) sessionCauses(lane Lane, g *group, threshold float64, scratch *hist) (rows []CauseRow, tailN int) {
	if !l.anyClosed && !l.causes.full {
		return l.earlyRows(lane, threshold)
	}
	hists := l.causes.counted(lane)
	for c, h := range &l.closed {
		if h == nil {
			continue
		}
		sum := new(hist)
		sum.merge(h)
		if hists[c] != nil {
			sum.merge(hists[c])
		}
		hists[c] = sum
	}
	return l.histRows(g, &hists, threshold, scratch)
}

// segmentCauses does the same for the current segment.
func (l *laneState) segmentCauses(lane Lane, threshold float64, scratch *hist) (rows []CauseRow, tailN int) {
	if !l.causes.full {
		return l.earlyRows(lane, threshold)
	}
	hists := l.causes.counted(lane)
	return l.histRows(&l.segment, &hists, threshold, scratch)
}

// counted returns the histograms of every cause but work; early samples are
// judged with what is known now.
func (l *causeLedger) counted(lane Lane) causeHists {
	if l.full {
		return l.hists
	}
	var tmp causeLedger
	for i := range l.early {
		x := &l.early[i]
		tmp.hists.tally(classify(&x.e, x.shape.cleanMedian(lane), math.NaN()), &x.e)
	}
	return tmp.hists
}

func (l *laneState) histRows(g *group, hists *causeHists, threshold float64, scratch *hist) (rows []CauseRow, tailN int) {
	work := new(hist)
	work.copyFrom(&g.d.h)
	for c, h := range hists {
		if h != nil && c != int(firstCompiles) {
			work.subAbove(h, -1)
		}
	}
	for c := CauseCompile; c < NumCauses; c++ {
		h := hists[c]
		if c == CauseWork {
			h = work
		}
		if h == nil {
			continue
		}
		n, sum, worst := h.tailOf(threshold)
		if n == 0 {
			continue
		}
		tailN += n
		scratch.copyFrom(&g.d.h)
		scratch.subAbove(h, threshold)
		worst = clampF(worst, float64(g.d.min), float64(g.d.max)) // a bucket's middle may lie beyond
		row := l.row(c, n, histQuantile(scratch, 0.99, g.d.min, g.d.max), worst, sum)
		if firsts := hists[firstCompiles]; c == CauseCompile && firsts != nil {
			row.FirstCompiles, _, _ = firsts.tailOf(threshold)
		}
		rows = append(rows, row)
	}
	return rows, tailN
}

// earlyRows judges the raw samples with what is known now.
func (l *laneState) earlyRows(lane Lane, threshold float64) (rows []CauseRow, tailN int) {
	early := l.causes.early
	var counts, firsts [NumCauses]int
	var worst [NumCauses]int64
	var sums [NumCauses]float64
	causes := make([]Cause, len(early))
	for i := range early {
		e := &early[i].e
		if !(float64(e.wall) > threshold) {
			continue
		}
		c := classify(e, early[i].shape.cleanMedian(lane), math.NaN())
		causes[i] = c
		counts[c]++
		if c == CauseCompile && e.flags&FlagCompile != 0 {
			firsts[c]++
		}
		sums[c] += float64(e.wall)
		worst[c] = max(worst[c], e.wall)
		tailN++
	}
	kept := make([]int64, 0, len(early))
	for c := CauseCompile; c < NumCauses; c++ {
		if counts[c] == 0 {
			continue
		}
		kept = kept[:0]
		for i := range early {
			if causes[i] != c {
				kept = append(kept, early[i].e.wall)
			}
		}
		slices.Sort(kept)
		row := l.row(c, counts[c], Percentile(kept, 0.99), float64(worst[c]), sums[c])
		row.FirstCompiles = firsts[c]
		rows = append(rows, row)
	}
	return rows, tailN
}

func (l *laneState) row(c Cause, n int, without, worst, sum float64) CauseRow {
	r := CauseRow{Cause: c, N: n, P99Without: without, WorstNs: worst, SumNs: sum}
	if w := l.worst[c]; math.Abs(float64(w.wall)-worst) <= worst/1000 {
		r.Example = w.reason
	}
	if r.Example == "" {
		r.Example = "worst " + formatMs(worst)
	}
	return r
}

// formatMs prints nanoseconds as milliseconds with three significant digits.
func formatMs(ns float64) string {
	ms := ns / 1e6
	switch {
	case math.IsNaN(ms):
		return "—"
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms >= 1:
		return fmt.Sprintf("%.2f ms", ms)
	}
	return fmt.Sprintf("%.3f ms", ms)
}

// tail is the threshold of the tail of a lane's whole session.
func (g *group) tail() float64 {
	return tailThreshold(g.d.quantile(0.5), g.cleanQuantile(0.99))
}

// cleanQuantile is a quantile of the group without tagged samples.
func (g *group) cleanQuantile(q float64) float64 {
	if g.tagged == nil || g.tagged.n == 0 {
		return g.d.quantile(q)
	}
	if v := g.d.values(); v != nil {
		return Percentile(without(v, g.tagged.values()), q)
	}
	var h hist
	h.copyFrom(&g.d.h)
	h.subAbove(&g.tagged.h, -1)
	return histQuantile(&h, q, g.d.min, g.d.max)
}

// without is the multiset difference of ascending values.
func without(all, some []int64) []int64 {
	out := make([]int64, 0, len(all))
	j := 0
	for _, v := range all {
		if j < len(some) && some[j] == v {
			j++
			continue
		}
		out = append(out, v)
	}
	return out
}

// hidden describes the group without tagged samples.
func (g *group) hidden(scratch *hist) Summary {
	if g.tagged == nil || g.tagged.n == 0 {
		return g.summary()
	}
	s := emptySummary()
	if v := g.d.values(); v != nil {
		describeSorted(&s, without(v, g.tagged.values()))
		return s
	}
	scratch.copyFrom(&g.d.h)
	scratch.subAbove(&g.tagged.h, -1)
	sum, sq := g.d.sum, g.d.sq
	sum.subU128(g.tagged.sum)
	sq.subU128(g.tagged.sq)
	describeHist(&s, scratch, sum, sq)
	return s
}
