package tui

import (
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/tailscope/tailscope/runner/view"
)

// windowSteps are the sliding windows + and - choose from; 0 is the segment.
var windowSteps = []time.Duration{10 * time.Second, 60 * time.Second, 0}

// profileRequests is how many requests the key P has profiled.
const profileRequests = 20

// key acts on one key press: first what leaves a mode, then what only changes
// the picture, then what asks the session for something.
func (m *model) key(k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, m.keys.Quit):
		m.out.send(view.Command{Action: view.ActQuit})
		return tea.Quit
	case key.Matches(k, m.keys.Suspend):
		return m.suspend()
	case key.Matches(k, m.keys.Help):
		m.help = !m.help
		return nil
	case m.help && key.Matches(k, m.keys.Now):
		m.help = false
		return nil
	}
	if m.newest.Replay != nil && m.replayKey(k) {
		return nil
	}
	if m.over(k) || m.lookKey(k) || m.timeKey(k) {
		return nil
	}
	m.commandKey(k)
	return nil
}

// over swallows the keys that nobody would answer once the run has ended.
func (m *model) over(k tea.KeyPressMsg) bool {
	ks := &m.keys
	if !m.sc.ended && !runOver(m.newest) || !key.Matches(k, ks.Padded, ks.Bucketed, ks.Dynamic, ks.AA, ks.Mode, ks.Scenario, ks.Pairing,
		ks.Stance, ks.Warm, ks.Clear, ks.Segment, ks.Pause, ks.Export, ks.Profile, ks.Freeze, ks.Wider, ks.Narrower) {
		return false
	}
	text := "the run is over: only looking is possible"
	if dir := m.newest.Session.Dir; dir != "" && key.Matches(k, ks.Export) {
		text = "the run is over: the session is in " + dir
	}
	m.say("info", text)
	return true
}

// runOver reports whether the session does and answers nothing any more.
func runOver(v *view.View) bool {
	return v.Replay == nil && (v.Phase == view.PhaseDone || v.Phase == view.PhaseFailed)
}

// lookKey handles the keys that only change what is shown.
func (m *model) lookKey(k tea.KeyPressMsg) bool {
	for i := range m.keys.Screens {
		if key.Matches(k, m.keys.Screens[i]) {
			m.sc.screen, m.help = i+1, false
			return true
		}
	}
	switch {
	case key.Matches(k, m.keys.Hide):
		m.sc.hide = !m.sc.hide
	case key.Matches(k, m.keys.Scale):
		m.sc.linear = !m.sc.linear
	case key.Matches(k, m.keys.Wider):
		m.window(m.windows + 1)
	case key.Matches(k, m.keys.Narrower):
		m.window(m.windows - 1)
	case key.Matches(k, m.keys.Focus):
		m.moveFocus(1)
	case key.Matches(k, m.keys.FocusBack):
		m.moveFocus(-1)
	case key.Matches(k, m.keys.Up):
		m.scroll(m.scrollTarget(), -1)
	case key.Matches(k, m.keys.Down):
		m.scroll(m.scrollTarget(), 1)
	case key.Matches(k, m.keys.PageUp):
		m.scroll(m.scrollTarget(), -10)
	case key.Matches(k, m.keys.PageDown):
		m.scroll(m.scrollTarget(), 10)
	default:
		return false
	}
	return true
}

// window chooses a sliding window and tells the session.
func (m *model) window(i int) {
	i = max(0, min(i, len(windowSteps)-1))
	if i == m.windows {
		m.say("info", map[bool]string{true: "the longest window is the segment", false: "the shortest window is " + span(windowSteps[0])}[i > 0])
		return
	}
	m.windows = i
	m.sc.window = windowSteps[i]
	m.send(view.Command{Action: view.ActWindow, D: windowSteps[i]}, "")
}

// send passes a command on and says so.
func (m *model) send(c view.Command, text string) {
	if !m.out.send(c) {
		m.say("warn", "the session is busy; press again")
		return
	}
	if text != "" {
		m.say("info", text)
	}
}

// commandKey handles the keys that ask the session for something.
func (m *model) commandKey(k tea.KeyPressMsg) {
	s := &m.newest.Session
	switch {
	case key.Matches(k, m.keys.Padded):
		m.strategy("padded")
	case key.Matches(k, m.keys.Bucketed):
		m.strategy("bucketed")
	case key.Matches(k, m.keys.Dynamic):
		m.strategy("dynamic")
	case key.Matches(k, m.keys.AA):
		text := "A/A: the second lane becomes an independent eager session"
		if s.AA {
			text = "the optimized lane comes back"
		}
		m.ask(view.Command{Action: view.ActAA}, text)
	case key.Matches(k, m.keys.Mode):
		m.ask(view.Command{Action: view.ActMode}, "next mode asked for")
	case key.Matches(k, m.keys.Scenario):
		m.ask(view.Command{Action: view.ActScenario}, "next scenario asked for")
	case key.Matches(k, m.keys.Pairing):
		m.ask(view.Command{Action: view.ActPairing}, "next pairing asked for")
	case key.Matches(k, m.keys.Stance):
		m.ask(view.Command{Action: view.ActStance}, "next stance asked for")
	case key.Matches(k, m.keys.Warm):
		m.ask(view.Command{Action: view.ActWarm}, "warming up every planned shape")
	case key.Matches(k, m.keys.Clear):
		m.ask(view.Command{Action: view.ActClear}, "compile cache cleared: what follows is a cold start")
	case key.Matches(k, m.keys.Segment):
		m.ask(view.Command{Action: view.ActSegment}, "new segment")
	case key.Matches(k, m.keys.Pause):
		m.ask(view.Command{Action: view.ActPause}, "")
	case key.Matches(k, m.keys.Export):
		m.ask(view.Command{Action: view.ActExport}, "exporting; the run goes on")
	case key.Matches(k, m.keys.Profile):
		m.ask(view.Command{Action: view.ActProfile, N: profileRequests}, "profiling "+count(profileRequests)+" requests in both lanes")
	}
}

// strategy asks for a strategy, or back for the configured one when it is in
// force already.
func (m *model) strategy(word string) {
	if m.newest.Session.Strategy == word {
		m.ask(view.Command{Action: view.ActStrategy}, word+" off")
		return
	}
	m.ask(view.Command{Action: view.ActStrategy, Arg: word}, word+" asked for; a new segment begins")
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
