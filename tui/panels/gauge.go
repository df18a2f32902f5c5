package panels

import (
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

const gaugeCells = 10

// gauge says how near each lane comes to the least time of its work, in one
// line; none where it is not known.
func (p *ComparePanel) gauge(w int) []string {
	st, l := p.Sc.St, draw.NewLine(w)
	by, gap := "", ""
	for lane := range stats.Lane(stats.NumLanes) {
		x := p.limit(lane)
		if !x.Known() {
			continue
		}
		if by == "" {
			l.Phrase(draw.R(st.Muted, "of the limit"))
		}
		full := max(0, min(int(x.Share.Value*gaugeCells+.5), gaugeCells))
		l.Phrase(draw.R(st.Muted, " "+draw.LaneMark(lane)+" "), draw.R(st.LaneStrong[lane], strings.Repeat("█", full)), draw.R(st.Faint, strings.Repeat("░", gaugeCells-full)),
			draw.R(st.LaneStrong[lane], " "+stats.LimitPct(x.Share.Value)), draw.R(st.Muted, limitInterval(&x)))
		by = x.By()
		if gap = x.Gap(); gap != "" {
			gap = " · " + draw.LaneMark(lane) + " " + gap
		}
	}
	if by == "" {
		return nil
	}
	l.Phrase(draw.R(st.Muted, " · "+by))
	l.Phrase(draw.R(st.Muted, gap))
	return []string{l.String()}
}

// limit is of the segment, or of the session where that is what is shown.
func (p *ComparePanel) limit(lane stats.Lane) stats.Limit {
	if p.Sc.Whole {
		return p.Sc.Lane(lane).Session.Limit
	}
	return p.Sc.Lane(lane).Segment.Limit
}

// limitInterval is " [60, 63]"; "" without one.
func limitInterval(x *stats.Limit) string {
	if !draw.Finite(x.Share.Lo) || !draw.Finite(x.Share.Hi) {
		return ""
	}
	pct := func(v float64) string { return strings.TrimSuffix(stats.LimitPct(v), " %") }
	return " [" + pct(x.Share.Lo) + ", " + pct(x.Share.Hi) + "]"
}
