package tui

import (
	"cmp"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
	"github.com/tailscope/tailscope/tui/timeline"
)

// scopes are the stretches of time that + and - choose from: the window, the
// segment, the session.
var scopes = []struct {
	window  time.Duration
	session bool
	name    string
}{
	{10 * time.Second, false, "the last 10 s"}, {60 * time.Second, false, "the last 60 s"},
	{0, false, "this segment"}, {0, true, "the whole session"},
}

// segmentScope is the one that the screen begins with.
const segmentScope = 2

// profileRequests is how many requests the key P has profiled.
const profileRequests = 20

// key acts on one key press: the row of the table that applies, or why there
// is none.
func (m *model) key(k tea.KeyPressMsg) tea.Cmd {
	if m.prompt.kind != noPrompt {
		return m.typed(k)
	}
	known, in := false, m.situation()
	for i := range m.table {
		r := &m.table[i]
		if !slices.Contains(r.keys, k.String()) {
			continue
		}
		if r.in&in != 0 {
			return r.do(m)
		}
		known = true
	}
	if known {
		m.notHere(k, in)
	}
	return nil
}

// situation is what the newest view is of.
func (m *model) situation() situation {
	switch {
	case m.newest.Replay != nil:
		return replay
	case m.sc.Ended || panels.RunOver(m.newest):
		return over
	}
	return live
}

// notHere says why a key does nothing where another context would answer.
func (m *model) notHere(k tea.KeyPressMsg, in situation) {
	text := "the run is over: only looking is possible"
	switch dir := m.newest.Session.Dir; {
	case in == replay:
		text = "this is a recorded session: nothing can be toggled"
	case dir != "" && k.String() == "e":
		text = "the run is over: the session is in " + dir
	}
	m.say("info", text)
}

// hints are the rows that apply, as footer and help show them.
func (m *model) hints() []panels.KeyHint {
	var out []panels.KeyHint
	in := m.situation()
	past := in == live && (m.sc.Past != 0 || m.sc.Frozen)
	for i := range m.table {
		r := &m.table[i]
		if r.in&in == 0 {
			continue
		}
		h := panels.KeyHint{Shown: m.sc.Keys(r.shown), Help: r.help, Group: r.group, Foot: r.foot, Drop: r.drop, On: r.on}
		switch {
		case m.newest.Session.Lacks[string(r.asks)] != "":
			h.Foot, h.Help = "", h.Help+" (not with this engine)"
		case r.footIf != nil && !r.footIf(m), past && (r.group == groupShapes || r.group == groupRun), r.footIn&in == 0 && r.footIn != 0 && !(past && r.footIn&over != 0):
			h.Foot = ""
		case r.shown == "enter":
			h.Foot = m.enterWord()
		}
		out = append(out, h)
	}
	return out
}

// enterWord is what enter does in the panel that has the focus.
func (m *model) enterWord() string {
	switch m.focus {
	case panels.SlotVerdict, panels.SlotTail, panels.SlotAdvice:
		if c, ok := panels.CureOf(&m.sc); !ok || c.Key == "" {
			return ""
		}
		return "apply the cure"
	case panels.SlotSegments:
		return "compare"
	case panels.SlotAdvisor:
		return "apply"
	}
	return "samples"
}

func (m *model) quit() tea.Cmd {
	m.out.send(view.Command{Action: view.ActQuit})
	return tea.Quit
}

// tune ends the run for a race of strategies with its model and traffic.
func (m *model) tune() {
	if m.o.OnTune == nil {
		m.say("warn", "tune needs a model that tailscope itself runs: tailscope tune --model …")
		return
	}
	m.confirm("end this run and tune: race strategies for its model and traffic? ", func() tea.Cmd {
		m.o.OnTune()
		return m.quit()
	})
}

// scope chooses the stretch of time that figures are of, and tells the session.
func (m *model) scope(i int) {
	first := 0
	if m.situation() == over {
		first = segmentScope // nobody makes a window any more
	}
	i = max(first, min(i, len(scopes)-1))
	if i == m.scopeAt {
		m.say("info", "figures are of "+scopes[i].name+" already")
		return
	}
	was, is := scopes[m.scopeAt], scopes[i]
	m.scopeAt = i
	m.sc.Window, m.sc.Whole = is.window, is.session
	if is.window != was.window {
		m.send(view.Command{Action: view.ActWindow, D: is.window}, "")
	}
	if is.window > 0 && m.looksBack() && m.sc.V.Session.Window != is.window {
		m.say("info", "figures of this view stay: "+m.sc.Scope()+"; of "+is.name+" in views that come")
		return
	}
	m.say("info", "figures are of "+is.name)
}

// send passes a command on and says so.
func (m *model) send(c view.Command, text string) {
	if !m.out.send(c) {
		m.say("warn", "the session is busy; press again")
		return
	}
	m.hasten()
	if text != "" {
		m.say("info", text)
	}
}

// hasten asks for the next views at once: one of them holds the answer.
func (m *model) hasten() {
	m.asked = m.now()
	poke(m.in.soon)
}

func (m *model) toggleAA() {
	text := "A/A: the second lane becomes an independent eager session"
	if m.newest.Session.AA {
		text = "the optimized lane comes back"
	}
	m.ask(view.Command{Action: view.ActAA}, text)
}

// strategy asks for a strategy. The session decides: one that is in force, or
// asked for already, goes back to the configured one.
func (m *model) strategy(word string) {
	text := word + " asked for; a new segment begins"
	if m.strategyNow() == word {
		text = word + " off"
	}
	m.ask(view.Command{Action: view.ActStrategy, Arg: word}, text)
}

// strategyNow is the one asked for last, which the figures may not be of yet.
func (m *model) strategyNow() string {
	return cmp.Or(m.newest.Session.Asked, m.newest.Session.Strategy)
}

// ask sends a command unless the engine has said that it cannot.
func (m *model) ask(c view.Command, text string) {
	lacks := m.newest.Session.Lacks
	for _, name := range []string{c.Arg, string(c.Action)} {
		if why, no := lacks[name]; no && name != "" {
			m.say("warn", "this engine cannot do "+name+": "+why)
			return
		}
	}
	m.send(c, text)
}

// cache goes over what decode can do with its cache: edges, one size, as it
// grows.
func (m *model) cache() {
	s := &m.newest.Session
	if s.Mode == "prefill" || s.Mode == "forward" {
		m.say("info", "k is for decode: in "+s.Mode+" there is no cache that grows (m changes the mode)")
		return
	}
	now := m.strategyNow()
	for _, word := range after([]string{"kv-bucketed", "static-cache"}, now) {
		if s.Lacks[word] == "" {
			m.strategy(word)
			return
		}
	}
	m.strategy(now) // off
}

// after lists the words behind one, all of them when it is not among them.
func after(words []string, w string) []string { return words[slices.Index(words, w)+1:] }

// clear asks first: what was compiled is lost.
func (m *model) clear() {
	n := m.newest.Lanes[1].UniqueGraphs
	m.confirm("clear the compile cache of "+draw.Plural(n, "executable")+"? ", func() tea.Cmd {
		m.ask(view.Command{Action: view.ActClear}, "compile cache cleared: what follows is a cold start")
		return nil
	})
}

// zoom makes the columns of the map narrower or wider.
func (m *model) zoom(by int) {
	p, ok := m.panels[timeline.SlotHeat].(*timeline.HeatPanel)
	if !ok {
		return
	}
	in, out := p.ZoomRange()
	step := max(in, min(by*zoomJump, out))
	if step == 0 {
		m.say("info", "the map goes no further")
		return
	}
	m.sc.Zoom += step
}

// zoomJump is how many widths of columns one press goes over: about a factor
// of two.
const zoomJump = 3
