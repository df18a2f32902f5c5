package panels

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/tailscope/tailscope/tui/draw"
)

var SlotHelp = register(desc{Name: "help", make: func() Panel { return &helpPanel{} }})

// helpPanel lists every key, generated from the table, and the few words
// one must know to read the screen.
type helpPanel struct{ Pane }

var glossary = [][2]string{
	{"◇ eager", "the model as it is; its line is dashed"},
	{"◆ optimized", "the compiled lane; its line is heavy"},
	{"▲ △ ! ┃", "a compile, the first run of a shape, a spike, a toggle or segment"},
	{"tagged", "a sample with an event attached: a compile, a fallback, the first of its shape"},
	{"needs n more", "too few samples for this quantile to be believed (459 for p99, 4,603 for p99.9)"},
	{"compiler-real", "the evidence shows that the optimized lane did compile"},
	{"A/A", "eager against eager: what differs there is noise"},
	{"~", "a difference inside the noise"},
	{"segment", "the stretch between two toggles"},
	{"mouse", "a click goes to a panel, an event, an instant or a view; hold shift to select text"},
}

func (p *helpPanel) View() string {
	w, h := p.inner()
	title := []draw.Run{draw.R(p.Sc.St.Title, "keys")}
	if w < 1 || h < 1 {
		return p.frame(title, nil, nil)
	}
	lines := p.lines(w)
	off := min(p.Sc.Scroll[p.slot], max(0, len(lines)-h))
	var extra []draw.Run
	if len(lines) > h {
		extra = []draw.Run{draw.R(p.Sc.St.Muted, "↑/↓ scroll")}
	}
	return p.frame(title, append(extra, draw.R(p.Sc.St.Muted, "  ? closes")), lines[off:])
}

func (p *helpPanel) lines(w int) []string {
	st := p.Sc.St
	var out []string
	for _, row := range p.columns(w) {
		for _, s := range strings.Split(row, "\n") {
			out = append(out, s+draw.Spaces(w-ansi.StringWidth(s)))
		}
		out = append(out, draw.Spaces(w))
	}
	for _, g := range glossary {
		for i, s := range draw.Wrap(g[1], w-16, 3) {
			name := ""
			if i == 0 {
				name = g[0]
			}
			out = append(out, draw.NewLine(w).Put(st.Strong, draw.Left(name, 15)).Gap(1).Put(st.Muted, s).String())
		}
	}
	return out
}

// columns renders the groups of keys beside each other as far as they fit.
func (p *helpPanel) columns(w int) []string {
	st := p.Sc.St
	m := help.New()
	m.Styles = help.Styles{FullKey: lipgloss.NewStyle().Bold(true), FullDesc: lipgloss.NewStyle(), FullSeparator: lipgloss.NewStyle()}
	var rows, row []string
	used := 0
	for _, g := range helpGroups(p.Sc.Hints) {
		text := st.Key.On(g.title) + "\n" + m.FullHelpView([][]key.Binding{g.keys})
		n := lipgloss.Width(text)
		if used > 0 && used+4+n > w {
			rows, row, used = append(rows, lipgloss.JoinHorizontal(lipgloss.Top, row...)), nil, 0
		}
		if used > 0 {
			row, used = append(row, "    "), used+4
		}
		row, used = append(row, text), used+n
	}
	if len(row) > 0 {
		rows = append(rows, lipgloss.JoinHorizontal(lipgloss.Top, row...))
	}
	for i, r := range rows {
		rows[i] = lipgloss.NewStyle().MaxWidth(w).Render(r)
	}
	return rows
}

// helpGroup is a column of the help screen.
type helpGroup struct {
	title string
	keys  []key.Binding
}

// helpGroups gathers the keys under their headings, in the order of the
// first of each.
func helpGroups(hints []KeyHint) (out []helpGroup) {
	for _, k := range hints {
		i := slices.IndexFunc(out, func(g helpGroup) bool { return g.title == k.Group })
		if i < 0 {
			i, out = len(out), append(out, helpGroup{title: k.Group})
		}
		out[i].keys = append(out[i].keys, key.NewBinding(key.WithKeys(k.Shown), key.WithHelp(k.Shown, k.Help)))
	}
	return out
}
