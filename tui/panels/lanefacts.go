package panels

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

// factsWidth is the room the facts beside a quantile table take.
const factsWidth = 42

// facts are the figures beside the quantile table: what applies to this run,
// the most telling first.
func (p *LanePanel) facts() [][2]string {
	s, _ := p.Sc.Main(p.Lane)
	lv := p.Sc.Lane(p.Lane)
	var out [][2]string
	add := func(name, value string, known bool) {
		if known {
			out = append(out, [2]string{name, value})
		}
	}
	add("tail", draw.Count(lv.SegmentTailN)+" beyond "+draw.Brief(lv.TailNs), draw.Finite(lv.TailNs) && lv.TailNs > 0)
	few := "" // why not to believe a p99
	if s.P99.Need > 0 {
		few = ", too few samples"
	}
	add("response p99", draw.Dur(s.ResponseP99)+few, draw.Finite(s.ResponseP99))
	add("SLO missed", SloText(s), draw.Finite(s.SLOMissed))
	add("first token p50", draw.Dur(s.TTFTP50), draw.Finite(s.TTFTP50))
	add("first token p99", draw.Dur(s.TTFTP99)+few, draw.Finite(s.TTFTP99))
	add("next token p99", draw.Dur(s.ITLP99), draw.Finite(s.ITLP99))
	add("tokens/s", draw.Count(int64(s.TokensPerS)), draw.Finite(s.TokensPerS) && s.TokensPerS < 1e15)
	add("padding", p.paddingText(s), draw.Finite(s.PaddingTax) && s.PaddingTax > 0)
	add("device p50", draw.Dur(s.DeviceP50), draw.Finite(s.DeviceP50))
	add("device p99", draw.Dur(s.DeviceP99)+few, draw.Finite(s.DeviceP99))
	add("host overhead", draw.Pct(s.HostShare, 1), draw.Finite(s.HostShare))
	add("mean without max", draw.Dur(s.MeanExclMax), draw.Finite(s.MeanExclMax))
	add("deviation", draw.Dur(s.Std), draw.Finite(s.Std))
	if c := topCause(lv); c != "" {
		out = append(out[:min(1, len(out))], append([][2]string{{"mostly", c}}, out[min(1, len(out)):]...)...)
	}
	return out
}

// SloText is the share of requests later than the service level, with its
// interval where there is one.
func SloText(s *stats.Summary) string {
	t := draw.Pct(s.SLOMissed, 2)
	if i := sloInterval(s); i != "" {
		t += " [" + i + "]"
	}
	return t
}

// sloInterval is the interval of that share, "" without one.
func sloInterval(s *stats.Summary) string {
	if !draw.Finite(s.SLOLo) || !draw.Finite(s.SLOHi) {
		return ""
	}
	return draw.Num(100*s.SLOLo, 2) + " – " + draw.Num(100*s.SLOHi, 2) + " %"
}

// paddingText is the padding tax and, in the lane that pays it, what it cost in
// this segment.
func (p *LanePanel) paddingText(s *stats.Summary) string {
	t := "× " + draw.Num(s.PaddingTax, 2)
	if cost := p.Sc.V.Stats.PaddingNs; p.Lane == stats.Optimized && draw.Finite(cost) && cost > 0 {
		t += ", about " + draw.Brief(cost)
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
	return causeName(c.Cause) + ", " + draw.Count(c.N) + " of " + draw.Count(lv.SegmentTailN)
}

// withFacts appends the facts to the rows of a table that is tw cells wide.
func (p *LanePanel) withFacts(rows []string, tw, w int) []string {
	st, facts := p.Sc.St, p.facts()
	for i := range rows {
		l := draw.NewLine(w).Raw(rows[i], tw).Gap(2)
		if i < len(facts) {
			l.Put(st.Muted, draw.Left(facts[i][0], 17)).Put(st.Text, facts[i][1])
		}
		rows[i] = l.String()
	}
	return rows
}
