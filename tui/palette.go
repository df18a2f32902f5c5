package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
)

// entry is one action of the palette.
type entry struct {
	key, text string
	hit       []int // indexes of the runes that matched
	do        func(*model) tea.Cmd
}

// verb is an action that takes words, as on the command line.
type verb struct {
	name, args, help string
	in               situation
	do               func(m *model, arg string) tea.Cmd
}

// verbs are the lines that the palette understands.
var verbs = []verb{
	{"strategy", "WORD", "padded, bucketed, dynamic, kv-bucketed, static-cache, chunked, or one a phase", live, say(func(m *model, a string) {
		m.ask(view.Command{Action: view.ActStrategy, Arg: a}, a+" asked for; a new segment begins")
	})},
	{"edges", "20,24,28", "bucket edges in tokens; bucketing comes into force", live, say((*model).edges)},
	{"rate", "N", "requests a second; 0 is one after the other", live, say((*model).rate)},
	{"mode", "NAME", strings.Join(stats.ModeNames(stats.CausalLM), ", "), live, say(func(m *model, a string) { m.ask(view.Command{Action: view.ActMode, Arg: a}, a+" asked for") })},
	{"scenario", "NAME", "one scenario, * for all", live, say(func(m *model, a string) { m.ask(view.Command{Action: view.ActScenario, Arg: a}, a+" asked for") })},
	{"pairing", "WORD", "interleaved, sequential, concurrent", live, say(func(m *model, a string) { m.ask(view.Command{Action: view.ActPairing, Arg: a}, a+" asked for") })},
	{"mark", "NOTE", "a mark with a note", live, say(func(m *model, a string) { m.send(view.Command{Action: view.ActMark, Arg: a}, "marked: "+a) })},
	{"profile", "N", "profile N requests in both lanes", live, say(func(m *model, a string) {
		if n, err := strconv.Atoi(a); err == nil && n > 0 {
			m.ask(view.Command{Action: view.ActProfile, N: n}, "profiling "+draw.Count(n)+" requests in both lanes")
		}
	})},
	{"filter", "WORDS", "events of a kind, a lane, a shape", always, say(func(m *model, a string) { m.sc.Filter = a })},
	{"shape", "1x64", "samples of one shape", live | replay, say(func(m *model, a string) { m.find(panels.FindShape(&m.sc, a)) })},
	{"goto", "1:23 or 40%", "an instant", always, say((*model).goTo)},
	{"speed", "N", "of a recording, 1/8 to 64", replay, say(func(m *model, a string) {
		if x, err := strconv.ParseFloat(a, 64); err == nil && x > 0 {
			m.send(view.Command{Action: view.ActReplayRate, X: max(0.125, min(x, 64))}, "")
		}
	})},
}

func say(f func(*model, string)) func(*model, string) tea.Cmd {
	return func(m *model, a string) tea.Cmd { f(m, a); return nil }
}

// entries are all actions that apply, keys first.
func (m *model) entries() (out []entry) {
	in := m.situation()
	for i := range m.table {
		if r := &m.table[i]; r.in&in != 0 && (r.group != groupMoving || slices.Contains([]string{"?", "ctrl+z", "q"}, r.shown)) {
			out = append(out, entry{key: m.sc.Keys(r.shown), text: r.help, do: r.do})
		}
	}
	for _, v := range verbs {
		if v.in&in != 0 {
			out = append(out, entry{text: v.name + " " + v.args + " · " + v.help, do: do(func(m *model) {
				m.open(promptPalette)
				m.prompt.text = []rune(v.name + " ")
				m.refilter()
			})})
		}
	}
	return out
}

// match keeps the entries that a text means, the best first.
func match(all []entry, text string) []entry {
	text = strings.TrimSpace(text)
	if text == "" {
		return all
	}
	word, _, _ := strings.Cut(text, " ")
	var names []string
	for _, e := range all {
		names = append(names, e.text)
	}
	var out []entry
	for _, f := range fuzzy.Find(text, names) {
		e := all[f.Index]
		e.hit = f.MatchedIndexes
		out = append(out, e)
	}
	low := strings.ToLower(text)
	slices.SortStableFunc(out, func(a, b entry) int { // the word as it is beats its letters here and there
		return rankOf(a.text, low) - rankOf(b.text, low)
	})
	if len(out) == 0 {
		for _, e := range all {
			if strings.HasPrefix(e.text, word+" ") {
				out = append(out, e)
			}
		}
	}
	return out
}

func rankOf(text, typed string) int {
	switch i := strings.Index(strings.ToLower(text), typed); {
	case i == 0:
		return 0
	case i > 0:
		return 1
	}
	return 2
}

// line reads a verb with its words.
func (m *model) line(text string) (func(*model) tea.Cmd, bool) {
	name, arg, ok := strings.Cut(text, " ")
	arg = strings.TrimSpace(arg)
	if !ok || arg == "" {
		return nil, false
	}
	i := slices.IndexFunc(verbs, func(v verb) bool { return v.name == name && v.in&m.situation() != 0 })
	if i < 0 {
		return nil, false
	}
	return func(m *model) tea.Cmd { return verbs[i].do(m, arg) }, true
}

// edges asks for bucket edges.
func (m *model) edges(arg string) {
	var out []int
	for _, s := range strings.FieldsFunc(arg, func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			m.say("warn", "edges are numbers of tokens: edges 20,24,28")
			return
		}
		out = append(out, n)
	}
	slices.Sort(out)
	m.ask(view.Command{Action: view.ActEdges, Edges: slices.Compact(out)}, "bucketing at "+arg+" asked for")
}

func (m *model) rate(arg string) {
	x, err := strconv.ParseFloat(arg, 64)
	if err != nil || !(x >= 0) {
		m.say("warn", "a rate is a number of requests a second: rate 200")
		return
	}
	m.ask(view.Command{Action: view.ActRate, X: x}, "rate "+arg+" asked for; a new segment begins")
}

// goTo shows an instant: m:ss, seconds, or a share of the session.
func (m *model) goTo(arg string) {
	length := m.newest.NowNs - m.newest.StartNs
	if r := m.newest.Replay; r != nil {
		length = r.LenNs
	}
	at, ok := parseInstant(arg, length)
	if !ok {
		m.say("warn", "an instant is 1:23, 83 or 40%")
		return
	}
	m.lookAtTime(m.newest.StartNs + at)
}

func parseInstant(s string, length int64) (int64, bool) {
	if p, ok := strings.CutSuffix(s, "%"); ok {
		x, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		return int64(x / 100 * float64(length)), err == nil && x >= 0 && x <= 100
	}
	total := 0.0
	for part := range strings.SplitSeq(s, ":") {
		x, err := strconv.ParseFloat(part, 64)
		if err != nil || x < 0 {
			return 0, false
		}
		total = total*60 + x
	}
	return int64(total * float64(time.Second)), total < 1e9
}
