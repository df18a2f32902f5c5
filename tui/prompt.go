package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/panels"
)

// promptKind is what a line that is being typed is for.
type promptKind int

const (
	noPrompt promptKind = iota
	promptPalette
	promptSearch
	promptMark
	promptConfirm
)

// prompt is the line that is being typed, and what it will do.
type prompt struct {
	kind  promptKind
	text  []rune
	sel   int
	words []entry // of the palette, those that match
	yes   func() tea.Cmd
	ask   string
}

// open begins a line.
func (m *model) open(k promptKind) {
	m.prompt = prompt{kind: k}
	if k == promptSearch {
		m.prompt.text = []rune(m.sc.Filter)
	}
	m.refilter()
}

// confirm asks before something that cannot be taken back.
func (m *model) confirm(question string, yes func() tea.Cmd) {
	m.prompt = prompt{kind: promptConfirm, ask: question, yes: yes}
	m.refilter()
}

// typed handles a key while a line is being typed.
func (m *model) typed(k tea.KeyPressMsg) tea.Cmd {
	p := &m.prompt
	if p.kind == promptConfirm {
		yes := p.yes
		m.prompt = prompt{}
		m.refilter()
		if s := k.String(); s == "y" || s == "enter" {
			return yes()
		}
		m.say("info", "nothing was changed")
		return nil
	}
	switch k.String() {
	case "esc", "ctrl+c":
		if p.kind == promptSearch {
			m.sc.Filter = ""
		}
		m.prompt = prompt{}
	case "enter":
		return m.entered()
	case "up", "shift+tab":
		p.sel = max(0, p.sel-1)
	case "down", "tab":
		p.sel = min(p.sel+1, max(0, len(p.words)-1))
	case "backspace":
		if n := len(p.text); n > 0 {
			p.text, p.sel = p.text[:n-1], 0
		}
	case "ctrl+u":
		p.text, p.sel = nil, 0
	case "space":
		p.text = append(p.text, ' ')
	default:
		if k.Text != "" {
			p.text, p.sel = append(p.text, []rune(k.Text)...), 0
		}
	}
	m.refilter()
	return nil
}

// entered does what the line is for.
func (m *model) entered() tea.Cmd {
	p := m.prompt
	m.prompt = prompt{}
	m.refilter()
	text := strings.TrimSpace(string(p.text))
	switch p.kind {
	case promptMark:
		if text == "" {
			text = "mark"
		}
		m.send(view.Command{Action: view.ActMark, Arg: text}, "marked: "+text)
	case promptSearch:
		m.sc.Filter = text
	case promptPalette:
		if do, ok := m.line(text); ok {
			return do(m)
		}
		if p.sel < len(p.words) {
			return p.words[p.sel].do(m)
		}
		m.say("warn", "nothing is called "+text)
	}
	return nil
}

// refilter shows the line and what matches it.
func (m *model) refilter() {
	p := &m.prompt
	v := panels.Prompt{}
	switch p.kind {
	case promptPalette:
		p.words = match(m.entries(), string(p.text))
		p.sel = max(0, min(p.sel, len(p.words)-1))
		v = panels.Prompt{Lead: ":", Text: string(p.text), Sel: p.sel, Note: "an action, or a line such as strategy prefill=bucketed,decode=kv-bucketed"}
		for _, e := range p.words {
			v.Rows = append(v.Rows, panels.PromptRow{Key: e.key, Text: e.text, Hit: e.hit})
		}
	case promptSearch:
		m.sc.Filter = strings.TrimSpace(string(p.text))
		v = panels.Prompt{Lead: "/", Text: string(p.text), Note: "events of a kind, lane, shape or with these words; enter keeps the filter, esc ends it"}
	case promptMark:
		v = panels.Prompt{Lead: "mark ", Text: string(p.text), Note: "a note for this moment; enter sets it"}
	case promptConfirm:
		v = panels.Prompt{Lead: p.ask, Note: "y does it, anything else does not"}
	}
	v.On = p.kind != noPrompt
	m.sc.Prompt = v
}
