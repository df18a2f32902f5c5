package panels

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotHeader = Register(Desc{Name: "header", Make: func() Panel { return &HeaderPanel{} }})

// HeaderPanel says what is being measured and what measuring costs: one to
// three lines, the last of them the list of views.
type HeaderPanel struct {
	Pane
	Tabs [][2]int // columns of each view's name, for clicks
}

// field is one fact of the header: what it is called, its value, and how
// early it goes when room is short (0 never).
type field struct {
	name, value string
	k           draw.Ink
	drop        int
}

func (p *HeaderPanel) View() string {
	out := []string{p.top()}
	if p.H > 2 {
		out = append(out, p.second())
	}
	if p.H > 1 {
		out = append(out, p.tabLine())
	}
	return p.Bare(out...)
}

func (p *HeaderPanel) top() string {
	st, v := p.Sc.St, p.Sc.V
	l := draw.NewLine(p.W)
	word, bk := phaseBadge(p.Sc)
	right := p.clockText()
	l.Put(bk, " "+word+" ").Gap(1)
	s := &v.Session
	fs := []field{
		{"", cmp.Or(s.Model, draw.Missing), st.Strong, 0},
		{"", s.Mode, st.Text, 1},
		{"", strategyText(s), st.Text, 1},
		{"segment ", p.known(strconv.Itoa(int(s.Segment))), st.Text, 5},
		{"scenario ", scenarioText(s.Scenarios), st.Text, 7},
		{"", providerText(s), st.Text, 4},
		{"", s.Engine, st.Muted, 6},
		{"on ", s.Device, st.Muted, 8},
	}
	putFields(l, st, fs, l.Room()-draw.Cells(right)-2)
	return l.To(p.W-draw.Cells(right)).Put(st.Muted, right).String()
}

// known drops a figure that nobody has measured yet: before the session says
// what it runs, its zeros mean nothing.
func (p *HeaderPanel) known(text string) string {
	if p.Sc.V.Session.Model == "" || p.Sc.V.NowNs == 0 {
		return ""
	}
	return text
}

// clockText is how long the session runs, and how long it will.
func (p *HeaderPanel) clockText() string {
	v := p.Sc.V
	if v.Replay != nil {
		return draw.Clock(v.Replay.PosNs) + " of " + draw.Clock(v.Replay.LenNs) + "  " + draw.Speed(v.Replay.Speed)
	}
	if v.StartNs <= 0 || v.NowNs < v.StartNs {
		return ""
	}
	s := draw.Clock(v.NowNs - v.StartNs)
	if draw.Finite(v.Progress) && v.Progress > 0 && v.Phase != view.PhaseDone {
		s += " · " + draw.Pct(v.Progress, 0)
		if v.Left > 0 && p.W >= 100 {
			s += " · " + draw.Clock(int64(v.Left)) + " left"
		}
	}
	return s
}

func (p *HeaderPanel) second() string {
	st, v := p.Sc.St, p.Sc.V
	s, self := &v.Session, &v.Self
	cost := []field{
		{"samples ", p.known(draw.Count(self.Samples)), st.Text, 6},
		{"screen ", p.known(cpuText(self)), st.Text, 2},
		{"", p.known(sizeOrMissing(self.RSSBytes)), st.Text, 3},
		{"frame p99 ", p.known(spanOrMissing(self.RenderP99)), st.Text, 4},
		{"views dropped ", p.known(draw.Count(self.Dropped)), st.Muted, 1},
	}
	if v.Replay != nil { // nobody measured what showing it cost
		cost = cost[:1]
	}
	fs := []field{
		{"", s.Pairing, st.Text, 1},
		{"eager inputs ", s.EagerInputs, st.Text, 3},
		{"seed ", p.known(strconv.FormatUint(s.Seed, 10)), st.Text, 6},
		{"", p.known(rateText(s)), st.Text, 5},
		{"SLO ", sloLevel(s), st.Text, 3},
		{"threads ", positive(s.Threads), st.Text, 8},
		{"until ", s.Until, st.Text, 7},
		{"stance ", s.Stance, st.Text, 2},
		{"generation ", positive(int(s.Generation)), st.Warn, 6},
	}
	l := draw.NewLine(p.W).Gap(1)
	tail := draw.NewLine(p.W * 3 / 5)
	putFields(tail, st, cost, tail.Room())
	putFields(l, st, fs, p.W-tail.W-3)
	return l.To(p.W-tail.W).Raw(tail.B.String(), tail.W).String()
}

// tabLine lists the views; the one shown is underlined.
func (p *HeaderPanel) tabLine() string {
	st := p.Sc.St
	l := draw.NewLine(p.W).Gap(1)
	p.Tabs = p.Tabs[:0]
	if p.Sc.Waiting {
		return l.String()
	}
	for i, name := range p.Sc.Screens {
		if draw.Cells(name)+4 > l.Room() {
			break
		}
		from := l.W
		l.Put(st.Key, strconv.Itoa(i+1)).Gap(1)
		if p.Sc.Screen == i+1 {
			l.Put(st.TabOn, name)
		} else {
			l.Put(st.Tab, name)
		}
		p.Tabs = append(p.Tabs, [2]int{from, l.W})
		l.Gap(3)
	}
	var flags []string
	if p.Sc.Hide {
		flags = append(flags, "tagged samples hidden (h)")
	}
	if p.Sc.windowed() || p.Sc.Whole {
		flags = append(flags, "figures of the "+p.Sc.Scope()+" (+/-)")
	}
	if s := strings.Join(flags, " · "); draw.Cells(s) < l.Room() {
		l.To(p.W-draw.Cells(s)-1).Put(st.Tag, s)
	}
	return l.String()
}
