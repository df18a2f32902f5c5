package tui

import (
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/view"
)

var slotHeader = register(desc{name: "header", make: func() panel { return &headerPanel{} }})

// headerPanel says what is being measured and what measuring costs: one to
// three lines, the last of them the list of views.
type headerPanel struct {
	pane
	tabs [][2]int // columns of each view's name, for clicks
}

// field is one fact of the header: what it is called, its value, and how
// early it goes when room is short (0 never).
type field struct {
	name, value string
	k           ink
	drop        int
}

func (p *headerPanel) view() string {
	if p.w < 1 || p.h < 1 {
		return ""
	}
	out := []string{p.top()}
	if p.h > 1 {
		out = append(out, p.second())
	}
	if p.h > 2 {
		out = append(out, p.tabLine())
	}
	return join(block(out, p.w, p.h))
}

func (p *headerPanel) top() string {
	st, v := p.sc.st, p.sc.v
	l := newLine(p.w)
	word, bk := phaseBadge(p.sc)
	right := p.clockText()
	l.put(bk, " "+word+" ").gap(1)
	s := &v.Session
	fs := []field{
		{"", orMissing(s.Model), st.strong, 0},
		{"", s.Mode, st.text, 1},
		{"", strategyText(s), st.text, 1},
		{"segment ", p.known(strconv.Itoa(int(s.Segment))), st.text, 5},
		{"scenario ", scenarioText(s.Scenarios), st.text, 7},
		{"", providerText(s), st.text, 4},
		{"", s.Engine, st.muted, 6},
		{"on ", s.Device, st.muted, 8},
	}
	putFields(l, st, fs, l.room()-cells(right)-2)
	return l.to(p.w-cells(right)).put(st.muted, right).String()
}

// known drops a figure that nobody has measured yet: before the session says
// what it runs, its zeros mean nothing.
func (p *headerPanel) known(text string) string {
	if p.sc.v.Session.Model == "" || p.sc.v.NowNs == 0 {
		return ""
	}
	return text
}

// clockText is how long the session runs, and how long it will.
func (p *headerPanel) clockText() string {
	v := p.sc.v
	if v.Replay != nil {
		return clock(v.Replay.PosNs) + " of " + clock(v.Replay.LenNs) + "  " + speed(v.Replay.Speed)
	}
	if v.StartNs <= 0 || v.NowNs < v.StartNs {
		return ""
	}
	s := clock(v.NowNs - v.StartNs)
	if finite(v.Progress) && v.Progress > 0 && v.Phase != view.PhaseDone {
		s += " · " + pct(v.Progress, 0)
		if v.Left > 0 && p.w >= 100 {
			s += " · " + clock(int64(v.Left)) + " left"
		}
	}
	return s
}

func (p *headerPanel) second() string {
	st, v := p.sc.st, p.sc.v
	s, self := &v.Session, &v.Self
	cost := []field{
		{"samples ", p.known(count(self.Samples)), st.text, 6},
		{"screen ", p.known(cpuText(self)), st.text, 2},
		{"", p.known(sizeOrMissing(self.RSSBytes)), st.text, 3},
		{"frame p99 ", p.known(frameText(self)), st.text, 4},
		{"views dropped ", p.known(count(self.Dropped)), st.muted, 1},
	}
	fs := []field{
		{"", s.Pairing, st.text, 1},
		{"eager inputs ", s.EagerInputs, st.text, 3},
		{"seed ", p.known(strconv.FormatUint(s.Seed, 10)), st.text, 6},
		{"", p.known(rateText(s)), st.text, 5},
		{"SLO ", sloLevel(s), st.text, 3},
		{"threads ", threadsText(s.Threads), st.text, 8},
		{"until ", s.Until, st.text, 7},
		{"stance ", s.Stance, st.text, 2},
		{"generation ", generationText(s.Generation), st.warn, 6},
	}
	l := newLine(p.w).gap(1)
	tail := newLine(p.w * 3 / 5)
	putFields(tail, st, cost, tail.room())
	putFields(l, st, fs, p.w-tail.w-3)
	return l.to(p.w-tail.w).raw(tail.b.String(), tail.w).String()
}

// tabLine lists the views; the one shown is underlined.
func (p *headerPanel) tabLine() string {
	st := p.sc.st
	l := newLine(p.w).gap(1)
	p.tabs = p.tabs[:0]
	if p.sc.waiting {
		return l.String()
	}
	for i, name := range p.sc.screens {
		if cells(name)+4 > l.room() {
			break
		}
		from := l.w
		l.put(st.key, strconv.Itoa(i+1)).gap(1)
		if p.sc.screen == i+1 {
			l.put(st.tabOn, name)
		} else {
			l.put(st.tab, name)
		}
		p.tabs = append(p.tabs, [2]int{from, l.w})
		l.gap(3)
	}
	var flags []string
	if p.sc.hide {
		flags = append(flags, "tagged samples hidden (h)")
	}
	if p.sc.window > 0 {
		flags = append(flags, "window "+span(p.sc.window)+" (+/-)")
	}
	if s := strings.Join(flags, " · "); cells(s) < l.room() {
		l.to(p.w-cells(s)-1).put(st.tag, s)
	}
	return l.String()
}
