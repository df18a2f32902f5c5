package tui

import (
	"charm.land/bubbles/v2/key"

	"github.com/tailscope/tailscope/runner/view"
)

// keyMap declares every key once; routing, the footer and the help screen are
// made from it.
type keyMap struct {
	Padded, Bucketed, Dynamic, AA                key.Binding
	Mode, Scenario, Pairing, Stance              key.Binding
	Warm, Clear, Segment, Pause                  key.Binding
	Export, Profile                              key.Binding
	Freeze, Back, Forth, NextEvent, PrevEvent    key.Binding
	Hide, Scale, Wider, Narrower                 key.Binding
	Focus, FocusBack, Up, Down, PageUp, PageDown key.Binding
	Screens                                      [numScreens]key.Binding
	Now, Help, Suspend, Quit                     key.Binding
}

func bind(help, desc string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, desc))
}

func newKeyMap() keyMap {
	k := keyMap{
		Padded:    bind("p", "padding on/off", "p"),
		Bucketed:  bind("b", "bucketing on/off", "b"),
		Dynamic:   bind("d", "dynamic shapes on/off", "d"),
		AA:        bind("o", "A/A: eager against eager", "o"),
		Mode:      bind("m", "next mode", "m"),
		Scenario:  bind("s", "next scenario", "s"),
		Pairing:   bind("i", "next pairing", "i"),
		Stance:    bind("t", "next compiler stance (torch)", "t"),
		Warm:      bind("w", "warm up all shapes now", "w"),
		Clear:     bind("c", "clear the compile cache", "c"),
		Segment:   bind("r", "new segment", "r"),
		Pause:     bind("space", "pause the run", "space"),
		Export:    bind("e", "export now, without stopping", "e"),
		Profile:   bind("P", "profile a window of requests", "P"),
		Freeze:    bind("v", "freeze the view", "v"),
		Back:      bind("←", "back in time", "left"),
		Forth:     bind("→", "forward in time", "right"),
		NextEvent: bind("n", "next event", "n"),
		PrevEvent: bind("N", "previous event", "N"),
		Hide:      bind("h", "hide tagged samples", "h"),
		Scale:     bind("l", "log or linear", "l"),
		Wider:     bind("+", "longer window", "+", "="),
		Narrower:  bind("-", "shorter window", "-", "_"),
		Focus:     bind("tab", "next panel", "tab"),
		FocusBack: bind("shift+tab", "previous panel", "shift+tab"),
		Up:        bind("↑", "scroll up", "up", "k"),
		Down:      bind("↓", "scroll down", "down", "j"),
		PageUp:    bind("pgup", "page up", "pgup"),
		PageDown:  bind("pgdn", "page down", "pgdown"),
		Now:       bind("esc", "back to now", "esc"),
		Help:      bind("?", "help", "?"),
		Quit:      bind("q", "quit", "q", "ctrl+c"),
		Suspend:   bind("ctrl+z", "to the shell; fg resumes", "ctrl+z"),
	}
	for i := range k.Screens {
		d := string(rune('1' + i))
		k.Screens[i] = bind(d, screenNames[i], d)
	}
	return k
}

// helpGroup is a column of the help screen.
type helpGroup struct {
	title string
	keys  []key.Binding
}

// groups are the keys that do something to what v is of: a run, a run that is
// over, or a recorded session, where some mean something else.
func (k *keyMap) groups(v *view.View) []helpGroup {
	views := []helpGroup{
		{"views", k.Screens[:]},
		{"moving about", []key.Binding{k.Focus, k.FocusBack, k.Up, k.Down, k.PageUp, k.PageDown, k.Help, k.Suspend, k.Quit}},
	}
	back := helpGroup{"looking back", []key.Binding{k.Freeze, k.Back, k.Forth, k.NextEvent, k.PrevEvent, k.Now}}
	switch {
	case v.Replay != nil:
		return append([]helpGroup{
			{"the recording", []key.Binding{as(k.Pause, "play or pause"), as(k.Back, "back 5 s"), as(k.Forth, "forward 5 s"), as(k.Wider, "faster"),
				as(k.Narrower, "slower"), k.NextEvent, k.PrevEvent, k.Mode}},
			{"how it is shown", []key.Binding{k.Hide, k.Scale}},
		}, views...)
	case runOver(v):
		back.keys = back.keys[1:] // nothing moves any more
		return append([]helpGroup{back, {"how it is shown", []key.Binding{k.Hide, k.Scale}}}, views...)
	}
	return append([]helpGroup{
		{"shapes and lanes", []key.Binding{k.Padded, k.Bucketed, k.Dynamic, k.AA, k.Warm, k.Clear, k.Stance}},
		{"the run", []key.Binding{k.Mode, k.Scenario, k.Pairing, k.Segment, k.Pause, k.Export, k.Profile}},
		back,
		{"how it is shown", []key.Binding{k.Hide, k.Scale, k.Wider, k.Narrower}},
	}, views...)
}

// as is the binding with another word for what it does.
func as(b key.Binding, desc string) key.Binding { return bind(b.Help().Key, desc, b.Keys()...) }

// footer lists the bindings of the bottom line, the most useful first, with
// the words it has room for.
func (k *keyMap) footer() []footKey {
	return []footKey{
		{k.Padded, "pad", 1}, {k.Bucketed, "bucket", 2}, {k.Dynamic, "dynamic", 3}, {k.AA, "A/A", 6},
		{k.Mode, "mode", 8}, {k.Scenario, "scenario", 9}, {k.Pairing, "pairing", 15},
		{k.Warm, "warm", 10}, {k.Clear, "clear", 11}, {k.Segment, "segment", 7},
		{k.Pause, "pause", 3}, {k.Freeze, "freeze", 12}, {k.NextEvent, "event", 13}, {k.Hide, "hide tagged", 5},
		{k.Scale, "log/lin", 14}, {k.Wider, "window", 16}, {k.Profile, "profile", 17}, {k.Export, "export", 2},
		{k.Help, "help", 0}, {k.Quit, "quit", 0},
	}
}

// replayFooter is the bottom line over a recorded session.
func (k *keyMap) replayFooter() []footKey {
	return []footKey{
		{k.Pause, "play/pause", 1}, {k.Back, "back 5 s", 2}, {k.Forth, "forward 5 s", 2}, {k.Wider, "faster", 4}, {k.Narrower, "slower", 4},
		{k.NextEvent, "next event", 3}, {k.PrevEvent, "event before", 3}, {k.Hide, "hide tagged", 5}, {k.Scale, "log/lin", 6},
		{k.Help, "help", 0}, {k.Quit, "quit", 0},
	}
}

// overFooter is the bottom line once the run has ended.
func (k *keyMap) overFooter() []footKey {
	return []footKey{
		{k.Back, "back in time", 3}, {k.NextEvent, "next event", 4}, {k.PrevEvent, "event before", 2}, {k.Focus, "next panel", 5},
		{k.Hide, "hide tagged", 1}, {k.Scale, "log/lin", 6}, {k.Help, "help", 0}, {k.Quit, "quit", 0},
	}
}

type footKey struct {
	b    key.Binding
	word string
	drop int
}
