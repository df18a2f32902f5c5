package panels

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotFound = Register(Desc{Name: "found", Focus: true, Least: 8, Make: func() Panel { return &foundPanel{} },
	Rows: func(sc *Scene) int {
		if sc.V.Found == nil {
			return 0
		}
		return len(sc.V.Found.Rows)
	}})

// foundPanel lists the samples behind what the user pointed at, and shows the
// chosen one in full.
type foundPanel struct{ listPanel }

func (p *foundPanel) View() string {
	st, f := p.Sc.St, p.Sc.V.Found
	w, h := p.Inner()
	title := []draw.Run{draw.R(st.Title, "samples")}
	if f == nil {
		return p.Note(title, nil, "looking …")
	}
	title = append(title, draw.R(st.Muted, " · "+f.Query.Title+" · "+draw.Count(f.N)+", the slowest first"))
	if f.Since > 0 {
		title = append(title, draw.R(st.Faint, " · all are kept since "+draw.Clock(p.Sc.Since(f.Since))))
	}
	extra := []draw.Run{draw.R(st.Muted, p.Sc.Keys("↑/↓ choose · esc back"))}
	if len(f.Rows) == 0 {
		return p.Note(title, extra, "no sample like this is remembered; the session's files have all")
	}
	p.limit = len(f.Rows) - 1
	sel := max(0, min(p.Sc.Sel[p.Slot], p.limit))
	full := p.full(w, sel)
	rows := max(h-len(full)-1, min(4, h))
	out := draw.TableOn(st, foundColumns, p.rows(), w, rows, sel)
	if h-rows > 1 {
		out = append(append(out, st.Border.On(strings.Repeat("─", w))), full...)
	}
	return p.Frame(title, extra, out)
}

var foundColumns = []draw.Column{
	{Head: "at", W: 9, Right: true}, {Head: "lane", W: 11}, {Head: "shape", W: 8}, {Head: "took", W: 9, Right: true}, {Head: "cause", W: 15},
	{Head: "compile", W: 9, Right: true, Drop: 2}, {Head: "waited for a core", W: 17, Right: true, Drop: 3}, {Head: "other lane", W: 10, Right: true, Drop: 1},
	{Head: "ran", W: 6, Drop: 5}, {Head: "segment", W: 7, Right: true, Drop: 6}, {Head: "scenario", W: 14, Drop: 7, Flex: true}, {Head: "request", W: 9, Right: true, Drop: 8},
}

func (p *foundPanel) rows() (out [][]draw.Cell) {
	st, f := p.Sc.St, p.Sc.V.Found
	for i := range f.Rows {
		s := &f.Rows[i]
		other := draw.Missing
		if o := &f.Other[i]; o.Shape != "" {
			other = draw.DurCol(float64(o.WallNs))
		}
		out = append(out, []draw.Cell{
			draw.C(draw.ClockMs(p.Sc.Since(s.StartNs)), st.Faint), draw.C(draw.LaneMark(s.Lane)+" "+p.Sc.LaneName(s.Lane), st.Lane[s.Lane&1]), draw.C(s.Shape, st.Text),
			draw.C(draw.DurCol(float64(s.WallNs)), st.Strong), draw.C(sampleCause(s), causeInk(st, s.Cause)), draw.C(cost(s.CompileNs), st.Muted), draw.C(cost(s.RunDelayNs), st.Muted),
			draw.C(other, st.Muted), draw.C([]string{"first", "second"}[s.Order&1], st.Muted), draw.C(strconv.Itoa(int(s.Segment)), st.Muted), draw.C(s.Scenario, st.Muted), draw.C(draw.Count(s.Request), st.Faint),
		})
	}
	return out
}

// sampleCause is the cause, or what is known of a sample that is not in the
// tail.
func sampleCause(s *stats.Sample) string {
	switch {
	case s.Failed:
		return "failed"
	case s.Cause != stats.CauseNone:
		return causeName(s.Cause)
	case s.Flags&(stats.FlagCompile|stats.FlagRecompile) != 0:
		return "compile"
	case s.Flags&stats.FlagShapeNew != 0:
		return "new shape"
	case s.Flags&stats.FlagSpike != 0:
		return "spike"
	}
	return "not in the tail"
}

// full is one sample in full: what ran, where its time went, what the host did,
// and what else happened within 50 ms.
func (p *foundPanel) full(w, i int) (out []string) {
	st, s, o := p.Sc.St, &p.Sc.V.Found.Rows[i], &p.Sc.V.Found.Other[i]
	put := func(name string, runs ...draw.Run) {
		l := draw.NewLine(w).Put(st.Muted, draw.Left(name, 9)).Gap(1)
		for _, r := range runs {
			if !l.Phrase(r) {
				l.Put(r.K, r.S)
				break
			}
		}
		out = append(out, l.String())
	}
	t := func(text string) draw.Run { return draw.R(st.Text, text) }
	q := func(text string) draw.Run { return draw.R(st.Muted, text) }
	put("request", draw.R(st.LaneStrong[s.Lane&1], draw.LaneMark(s.Lane)+" "+p.Sc.LaneName(s.Lane)), q(" by "), t(s.Backend), q(" · "), t(draw.Count(s.Request)), q(", "+[]string{"first", "second"}[s.Order&1]+" of its pair · segment "),
		t(strconv.Itoa(int(s.Segment))), q(" "+s.Strategy+" · "+s.Scenario+", prompt "+strconv.Itoa(int(s.Prompt))))
	put("shape", t(s.Shape), q(fmt.Sprintf(" · %d tokens, executed as %d · batch %d · %d decoded", s.Tokens, s.ExecutedTokens, s.Batch, s.NewTokens)))
	out = append(out, p.parts(s, w))
	out = append(out, p.ns(s, w))
	put("host", hostRuns(st, s)...)
	if o.Shape != "" {
		put("pair", draw.R(st.LaneStrong[o.Lane&1], draw.LaneMark(o.Lane)+" "+p.Sc.LaneName(o.Lane)), q(" took "), t(draw.Dur(float64(o.WallNs))), q(" for the same request as "), t(o.Shape), q(" · difference "), t(draw.Signed(float64(s.WallNs-o.WallNs))))
	}
	near := p.near(s)
	put("near", q(draw.Plural(len(near), "event")+" within 50 ms"))
	for _, e := range near[:min(len(near), 4)] {
		g, k := st.KindLook(e.Kind)
		put("", draw.R(k, g+" "+draw.KindName(e.Kind)), q(" at "+draw.ClockMs(p.Sc.Since(e.TNs))+" · "), t(e.Reason))
	}
	return out
}

// near lists the events within 50 ms of a sample.
func (p *foundPanel) near(s *stats.Sample) (out []*stats.Event) {
	const around = int64(50e6)
	evs := p.Sc.V.Events
	for i := range evs {
		if e := &evs[i]; e.TNs >= s.StartNs-around && e.TNs <= s.StartNs+s.WallNs+around {
			out = append(out, e)
		}
	}
	return out
}

// samplePart is a measured part of a sample's time.
type samplePart struct {
	name string
	ns   int64
	k    draw.Ink
}

// partsOf splits a sample's wall time among what was measured inside it.
func partsOf(st *draw.Styles, s *stats.Sample) []samplePart {
	parts := []samplePart{{"compile", max(s.CompileNs, 0), st.Tag}, {"waiting for a core", max(s.RunDelayNs, 0), st.Warn}}
	rest := s.WallNs
	for i := range parts {
		parts[i].ns = min(parts[i].ns, rest)
		rest -= parts[i].ns
	}
	return append(parts, samplePart{"the rest", rest, st.Lane[s.Lane&1]})
}

// parts is the bar of a sample's time.
func (p *foundPanel) parts(s *stats.Sample, w int) string {
	st := p.Sc.St
	l := draw.NewLine(w).Put(st.Muted, draw.Left("time", 9)).Gap(1)
	bar := max(0, min(l.Room()-12, 80))
	for _, x := range partsOf(st, s) {
		n := 0
		if s.WallNs > 0 && x.ns > 0 {
			n = max(1, int(float64(bar)*float64(x.ns)/float64(s.WallNs)+.5))
		}
		l.Put(x.k, strings.Repeat("█", max(0, min(n, l.Room()-10))))
	}
	return l.Put(st.Strong, " "+draw.Dur(float64(s.WallNs))).String()
}

// ns are the parts as numbers, in nanoseconds.
func (p *foundPanel) ns(s *stats.Sample, w int) string {
	st := p.Sc.St
	l := draw.NewLine(w).Gap(10)
	for i, x := range partsOf(st, s) {
		if x.ns <= 0 && i < 2 {
			continue
		}
		l.Phrase(draw.R(x.k, "■ "), draw.R(st.Muted, x.name+" "), draw.R(st.Text, draw.Count(x.ns)+" ns  "))
	}
	if s.DeviceNs >= 0 {
		l.Phrase(draw.R(st.Muted, "device "), draw.R(st.Text, draw.Count(s.DeviceNs)+" ns  "))
	}
	if s.ResponseNs >= 0 {
		l.Phrase(draw.R(st.Muted, "since due "), draw.R(st.Text, draw.Count(s.ResponseNs)+" ns  "))
	}
	if s.TTFTNs >= 0 {
		l.Phrase(draw.R(st.Muted, "first token "), draw.R(st.Text, draw.Count(s.TTFTNs)+" ns  "))
	}
	return l.String()
}

// hostRuns are the counters of the operating system.
func hostRuns(st *draw.Styles, s *stats.Sample) (out []draw.Run) {
	for _, x := range []struct {
		name string
		n    int64
	}{{"minor faults", s.MinFlt}, {"major faults", s.MajFlt}, {"taken off its core", s.NIvCSw}} {
		v := draw.Missing
		if x.n >= 0 {
			v = draw.Count(x.n)
		}
		out = append(out, draw.R(st.Text, v), draw.R(st.Muted, " "+x.name+" · "))
	}
	gpu := "no GPU event"
	if s.Flags&stats.FlagThrottle != 0 {
		gpu = "the GPU throttled"
	} else if s.Flags&stats.FlagClockDrop != 0 {
		gpu = "the GPU's clock had dropped"
	}
	out = append(out, draw.R(st.Muted, gpu))
	if s.Flags&stats.FlagDivergence != 0 {
		out = append(out, draw.R(st.Bad, " · its output DIFFERS from the other lane's"))
	}
	return out
}
