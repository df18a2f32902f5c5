package tui

import (
	"github.com/tailscope/tailscope/stats"
)

// factsWidth is the room the facts beside a quantile table take.
const factsWidth = 42

// facts are the figures beside the quantile table: what applies to this run,
// the most telling first.
func (p *lanePanel) facts() [][2]string {
	s, _ := p.sc.main(p.lane)
	lv := p.sc.lane(p.lane)
	var out [][2]string
	add := func(name, value string, known bool) {
		if known {
			out = append(out, [2]string{name, value})
		}
	}
	add("tail", count(lv.SegmentTailN)+" beyond "+brief(lv.TailNs), finite(lv.TailNs) && lv.TailNs > 0)
	few := "" // why not to believe a p99
	if s.P99.Need > 0 {
		few = ", too few samples"
	}
	add("response p99", dur(s.ResponseP99)+few, finite(s.ResponseP99))
	add("SLO missed", sloText(s), finite(s.SLOMissed))
	add("first token p50", dur(s.TTFTP50), finite(s.TTFTP50))
	add("first token p99", dur(s.TTFTP99)+few, finite(s.TTFTP99))
	add("next token p99", dur(s.ITLP99), finite(s.ITLP99))
	add("tokens/s", count(int64(s.TokensPerS)), finite(s.TokensPerS) && s.TokensPerS < 1e15)
	add("padding", p.paddingText(s), finite(s.PaddingTax) && s.PaddingTax > 0)
	add("device p50", dur(s.DeviceP50), finite(s.DeviceP50))
	add("device p99", dur(s.DeviceP99)+few, finite(s.DeviceP99))
	add("host overhead", pct(s.HostShare, 1), finite(s.HostShare))
	add("mean without max", dur(s.MeanExclMax), finite(s.MeanExclMax))
	add("deviation", dur(s.Std), finite(s.Std))
	if c := topCause(lv); c != "" {
		out = append(out[:min(1, len(out))], append([][2]string{{"mostly", c}}, out[min(1, len(out)):]...)...)
	}
	return out
}

// sloText is the share of requests later than the service level, with its
// interval where there is one.
func sloText(s *stats.Summary) string {
	t := pct(s.SLOMissed, 2)
	if i := sloInterval(s); i != "" {
		t += " [" + i + "]"
	}
	return t
}

// sloInterval is the interval of that share, "" without one.
func sloInterval(s *stats.Summary) string {
	if !finite(s.SLOLo) || !finite(s.SLOHi) {
		return ""
	}
	return num(100*s.SLOLo, 2) + " – " + num(100*s.SLOHi, 2) + " %"
}

// paddingText is the padding tax and, in the lane that pays it, what it cost in
// this segment.
func (p *lanePanel) paddingText(s *stats.Summary) string {
	t := "× " + num(s.PaddingTax, 2)
	if cost := p.sc.v.Stats.PaddingNs; p.lane == stats.Optimized && finite(cost) && cost > 0 {
		t += ", about " + brief(cost)
	}
	return t
}

// topCause names what most of the segment's tail is made of.
func topCause(lv *stats.LaneView) string {
	best := -1
	for i, c := range lv.SegmentCauses {
		if best < 0 || c.N > lv.SegmentCauses[best].N {
			best = i
		}
	}
	if best < 0 || lv.SegmentTailN == 0 {
		return ""
	}
	c := &lv.SegmentCauses[best]
	return causeName(c.Cause) + ", " + count(c.N) + " of " + count(lv.SegmentTailN)
}

// withFacts appends the facts to the rows of a table that is tw cells wide.
func (p *lanePanel) withFacts(rows []string, tw, w int) []string {
	st, facts := p.sc.st, p.facts()
	for i := range rows {
		l := newLine(w).raw(rows[i], tw).gap(2)
		if i < len(facts) {
			l.put(st.muted, left(facts[i][0], 17)).put(st.text, facts[i][1])
		}
		rows[i] = l.String()
	}
	return rows
}
