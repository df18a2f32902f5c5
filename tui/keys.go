package tui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
)

// situation is what the screen stands over: some keys mean something else over a
// recording, and nobody answers a wish once the run has ended.
type situation uint8

const (
	live   situation = 1 << iota // a session that runs
	over                         // one that has ended
	replay                       // a recording
	always = live | over | replay
)

// keyRow is one key: everything that routing, footer and help have to know.
type keyRow struct {
	keys   []string          // as Bubble Tea calls them
	shown  string            // as the user sees it
	help   string            // what it does
	asks   view.Action       // what of the session; an engine may not have it
	group  string            // heading in the help
	in     situation         // where it applies
	foot   string            // word in the bottom line, "" for none
	footIn situation         // where the bottom line has it; 0: wherever it applies
	drop   int               // how early the bottom line gives it up, 0 never
	footIf func(*model) bool // nil: always
	on     func(*panels.Scene) bool
	do     func(*model) tea.Cmd
}

// Headings of the help, in this order.
const (
	groupRecording = "the recording"
	groupShapes    = "shapes and lanes"
	groupRun       = "the run"
	groupBack      = "looking back"
	groupShown     = "how it is shown"
	groupViews     = "views"
	groupMoving    = "moving about"
)

// keyTable declares every key once. Of two rows with the same key the one that
// applies is meant.
var keyTable = slices.Concat(commandKeys, timeKeys, lookKeys, viewKeys(), movingKeys)

// the keys that ask the session for something
var commandKeys = []keyRow{
	{keys: []string{"p"}, shown: "p", asks: view.ActStrategy, help: "padding on/off; in decode a cache of one size", group: groupShapes, in: live, foot: "pad", drop: 1, on: strategyIs(panels.FixedWord), do: wantStrategy(panels.FixedWord)},
	{keys: []string{"b"}, shown: "b", asks: view.ActStrategy, help: "bucketing on/off; in decode of the cache", group: groupShapes, in: live, foot: "bucket", drop: 2, on: strategyIs(panels.BucketWord), do: wantStrategy(panels.BucketWord)},
	{keys: []string{"d"}, shown: "d", asks: view.ActStrategy, help: "dynamic shapes on/off", group: groupShapes, in: live, foot: "dynamic", drop: 3, on: strategyIs(word("dynamic")), do: wantStrategy(word("dynamic"))},
	{keys: []string{"k"}, shown: "k", asks: view.ActStrategy, help: "decode: the cache bucketed, of one size, off", group: groupShapes, in: live, foot: "cache", drop: 1, footIf: func(m *model) bool { return panels.IsDecode(m.newest.Session.Mode) }, on: func(sc *panels.Scene) bool {
		return sc.V.Session.Strategy == "kv-bucketed" || sc.V.Session.Strategy == "static-cache"
	}, do: do((*model).cache)},
	{keys: []string{"o"}, shown: "o", asks: view.ActAA, help: "A/A: eager against eager", group: groupShapes, in: live, foot: "A/A", drop: 6, on: func(sc *panels.Scene) bool { return sc.V.Session.AA }, do: do((*model).toggleAA)},
	{keys: []string{"m"}, shown: "m", asks: view.ActMode, help: "next mode", group: groupRun, in: live | replay, foot: "mode", drop: 8, do: wish(view.Command{Action: view.ActMode}, "next mode asked for")},
	{keys: []string{"s"}, shown: "s", asks: view.ActScenario, help: "next scenario", group: groupRun, in: live, foot: "scenario", drop: 9, do: wish(view.Command{Action: view.ActScenario}, "next scenario asked for")},
	{keys: []string{"i"}, shown: "i", asks: view.ActPairing, help: "next pairing", group: groupRun, in: live, foot: "pairing", drop: 15, do: wish(view.Command{Action: view.ActPairing}, "next pairing asked for")},
	{keys: []string{"w"}, shown: "w", asks: view.ActWarm, help: "warm up all shapes now", group: groupShapes, in: live, foot: "warm", drop: 10, do: wish(view.Command{Action: view.ActWarm}, "warming up every planned shape")},
	{keys: []string{"c"}, shown: "c", asks: view.ActClear, help: "clear the compile cache", group: groupShapes, in: live, foot: "clear", drop: 11, do: do((*model).clear)},
	{keys: []string{"t"}, shown: "t", asks: view.ActStance, help: "next compiler stance (torch)", group: groupShapes, in: live, do: wish(view.Command{Action: view.ActStance}, "next stance asked for")},
	{keys: []string{"r"}, shown: "r", help: "new segment", group: groupRun, in: live, foot: "segment", drop: 7, do: wish(view.Command{Action: view.ActSegment}, "new segment")},
	{keys: []string{"space"}, shown: "space", asks: view.ActPause, help: "pause the run", group: groupRun, in: live, foot: "pause", drop: 3, on: func(sc *panels.Scene) bool { return sc.V.Phase == view.PhasePaused }, do: wish(view.Command{Action: view.ActPause}, "")},
	{keys: []string{"M"}, shown: "M", help: "a mark with a note", group: groupRun, in: live, do: do(func(m *model) { m.open(promptMark) })},
	{keys: []string{"e"}, shown: "e", help: "export now, without stopping", group: groupRun, in: live, foot: "export", drop: 2, do: wish(view.Command{Action: view.ActExport}, "exporting; the run goes on")},
	{keys: []string{"P"}, shown: "P", asks: view.ActProfile, help: "profile a window of requests", group: groupRun, in: live, foot: "profile", drop: 17,
		do: wish(view.Command{Action: view.ActProfile, N: profileRequests}, "profiling "+draw.Count(profileRequests)+" requests in both lanes")},
	{keys: []string{"T"}, shown: "T", help: "end the run and tune it", group: groupRun, in: live, do: do((*model).tune)},
}

// the keys that look back, and those that move a recording
var timeKeys = []keyRow{
	{keys: []string{"v"}, shown: "v", help: "freeze the view", group: groupBack, in: live, foot: "freeze", drop: 12, on: func(sc *panels.Scene) bool { return sc.Frozen }, do: do((*model).freeze)},
	{keys: []string{"left"}, shown: "←", help: "back in time", group: groupBack, in: live | over, foot: "back in time", footIn: over, drop: 3, do: scrubBy(-1)},
	{keys: []string{"right"}, shown: "→", help: "forward in time", group: groupBack, in: live | over, do: scrubBy(1)},
	{keys: []string{"space"}, shown: "space", help: "play or pause", group: groupRecording, in: replay, foot: "play/pause", drop: 1, do: wish(view.Command{Action: view.ActReplayPlay}, "")},
	{keys: []string{"left"}, shown: "←", help: "back 5 s", group: groupRecording, in: replay, foot: "back 5 s", drop: 2, do: seekBy(-replayStep)},
	{keys: []string{"right"}, shown: "→", help: "forward 5 s", group: groupRecording, in: replay, foot: "forward 5 s", drop: 2, do: seekBy(replayStep)},
	{keys: []string{"shift+left"}, shown: "shift+←", help: "back a minute", group: groupRecording, in: replay, do: seekBy(-replayLeap)},
	{keys: []string{"shift+right"}, shown: "shift+→", help: "forward a minute", group: groupRecording, in: replay, do: seekBy(replayLeap)},
	{keys: []string{"+", "="}, shown: "+", help: "faster", group: groupRecording, in: replay, foot: "faster", drop: 4, do: speedBy(2)},
	{keys: []string{"-", "_"}, shown: "-", help: "slower", group: groupRecording, in: replay, foot: "slower", drop: 4, do: speedBy(0.5)},
	{keys: []string{"home"}, shown: "home", help: "the start", group: groupBack, in: always, do: do((*model).toStart)},
	{keys: []string{"end"}, shown: "end", help: "the end", group: groupBack, in: always, do: do((*model).toEnd)},
	{keys: []string{"n"}, shown: "n", help: "next event", group: groupBack, in: always, foot: "event", drop: 13, do: eventBy(1)},
	{keys: []string{"N"}, shown: "N", help: "previous event", group: groupBack, in: always, foot: "event before", footIn: over | replay, drop: 3, do: eventBy(-1)},
	{keys: []string{"<"}, shown: "<", help: "the segment before", group: groupBack, in: always, foot: "segment", footIn: replay, drop: 6, do: do(func(m *model) { m.toSegment(-1) })},
	{keys: []string{">"}, shown: ">", help: "the segment after", group: groupBack, in: always, do: do(func(m *model) { m.toSegment(1) })},
	{keys: []string{"esc"}, shown: "esc", help: "close, back to now; stops a warm-up or a start", group: groupBack, in: always, do: (*model).back},
}

// the keys that only change the picture
var lookKeys = []keyRow{
	{keys: []string{"h"}, shown: "h", help: "hide tagged samples", group: groupShown, in: always, foot: "hide tagged", drop: 5, on: func(sc *panels.Scene) bool { return sc.Hide }, do: do(func(m *model) { m.sc.Hide = !m.sc.Hide })},
	{keys: []string{"l"}, shown: "l", help: "log or linear", group: groupShown, in: always, foot: "log/lin", drop: 14, do: do(func(m *model) { m.sc.Linear = !m.sc.Linear })},
	{keys: []string{"["}, shown: "[", help: "zoom the map in", group: groupShown, in: always, foot: "zoom in", drop: 9, do: do(func(m *model) { m.zoom(-1) })},
	{keys: []string{"]"}, shown: "]", help: "zoom the map out", group: groupShown, in: always, foot: "out", drop: 9, do: do(func(m *model) { m.zoom(1) })},
	{keys: []string{"S"}, shown: "S", help: "sort the list by its next column", group: groupShown, in: always, do: do((*model).sort)},
	{keys: []string{"L"}, shown: "L", help: "exec: what the program printed", group: groupShown, in: always, foot: "output", drop: 6, footIf: (*model).prints, do: do((*model).showOutput)},
	{keys: []string{"/"}, shown: "/", help: "search the events", group: groupShown, in: always, foot: "search", drop: 13, do: do(func(m *model) { m.open(promptSearch) })},
	{keys: []string{"+", "="}, shown: "+", help: "figures of more time: 60 s, segment, session", group: groupShown, in: live | over, foot: "scope", drop: 16, do: windowBy(1)},
	{keys: []string{"-", "_"}, shown: "-", help: "figures of less time", group: groupShown, in: live | over, do: windowBy(-1)},
}

func viewKeys() (rows []keyRow) {
	for i, name := range screenNames() {
		d := string(rune('1' + i))
		rows = append(rows, keyRow{keys: []string{d}, shown: d, help: name, group: groupViews, in: always,
			do: do(func(m *model) { m.sc.Screen, m.help, m.output, m.found = i+1, false, false, false })})
	}
	return rows
}

var movingKeys = []keyRow{
	{keys: []string{"tab"}, shown: "tab", help: "next panel", group: groupMoving, in: always, foot: "next panel", footIn: over, drop: 5, do: do(func(m *model) { m.moveFocus(1) })},
	{keys: []string{"shift+tab"}, shown: "shift+tab", help: "previous panel", group: groupMoving, in: always, do: do(func(m *model) { m.moveFocus(-1) })},
	{keys: []string{"up"}, shown: "↑", help: "scroll up", group: groupMoving, in: always, do: scrollBy(-1)},
	{keys: []string{"down", "j"}, shown: "↓", help: "scroll down", group: groupMoving, in: always, do: scrollBy(1)},
	{keys: []string{"pgup"}, shown: "pgup", help: "page up", group: groupMoving, in: always, do: scrollBy(-10)},
	{keys: []string{"pgdown"}, shown: "pgdn", help: "page down", group: groupMoving, in: always, do: scrollBy(10)},
	{keys: []string{"enter"}, shown: "enter", help: "the samples behind it, or do it", group: groupMoving, in: always, foot: "look behind", drop: 4, do: do((*model).enter)},
	{keys: []string{":"}, shown: ":", help: "every action by its name", group: groupMoving, in: always, foot: "more", drop: 1, do: do(func(m *model) { m.open(promptPalette) })},
	{keys: []string{"?"}, shown: "?", help: "help", group: groupMoving, in: always, foot: "help", do: do(func(m *model) { m.help, m.sc.Scroll[panels.SlotHelp] = !m.help, 0 })},
	{keys: []string{"ctrl+z"}, shown: "ctrl+z", help: "to the shell; fg resumes", group: groupMoving, in: always, do: (*model).suspend},
	{keys: []string{"q", "ctrl+c"}, shown: "q", help: "quit", group: groupMoving, in: always, foot: "quit", do: (*model).quit},
}

// What rows are made of.

func do(f func(*model)) func(*model) tea.Cmd { return func(m *model) tea.Cmd { f(m); return nil } }

// wish asks the session for c, unless its engine cannot, and says text.
func wish(c view.Command, text string) func(*model) tea.Cmd {
	return do(func(m *model) { m.ask(c, text) })
}

func wantStrategy(word func(mode string) string) func(*model) tea.Cmd {
	return do(func(m *model) { m.strategy(word(m.newest.Session.Mode)) })
}

// word is the same strategy in every mode.
func word(w string) func(string) string { return func(string) string { return w } }

func strategyIs(word func(mode string) string) func(*panels.Scene) bool {
	return func(sc *panels.Scene) bool { return sc.V.Session.Strategy == word(sc.V.Session.Mode) }
}

func scrubBy(n int) func(*model) tea.Cmd  { return do(func(m *model) { m.scrub(n) }) }
func eventBy(n int) func(*model) tea.Cmd  { return do(func(m *model) { m.toEvent(n) }) }
func windowBy(n int) func(*model) tea.Cmd { return do(func(m *model) { m.scope(m.scopeAt + n) }) }
func scrollBy(n int) func(*model) tea.Cmd {
	return do(func(m *model) { m.scroll(m.scrollTarget(), n) })
}
func seekBy(d time.Duration) func(*model) tea.Cmd { return do(func(m *model) { m.seek(d) }) }
func speedBy(x float64) func(*model) tea.Cmd      { return do(func(m *model) { m.speed(x) }) }
