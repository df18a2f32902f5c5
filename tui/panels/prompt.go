package panels

import (
	"slices"

	"github.com/tailscope/tailscope/tui/draw"
)

var SlotPrompt = Register(Desc{Name: "prompt", Make: func() Panel { return &promptPanel{} }})

// Prompt is a line that is being typed, with what it may mean.
type Prompt struct {
	On   bool
	Lead string // before the text
	Text string
	Note string // what it is for
	Rows []PromptRow
	Sel  int
}

// PromptRow is one thing the line may mean.
type PromptRow struct {
	Key, Text string
	Hit       []int // where in Text it matched, in bytes
}

// promptPanel shows the line at its bottom and the rows above it.
type promptPanel struct{ Pane }

func (p *promptPanel) View() string {
	st, q := p.Sc.St, &p.Sc.Prompt
	w, h := p.Inner()
	title := []draw.Run{draw.R(st.Title, "type"), draw.R(st.Muted, " · "+q.Note)}
	line := draw.NewLine(w).Put(st.Key, q.Lead).Put(st.Strong, q.Text).Put(st.Badge, " ").String()
	room := h - 1
	off := max(0, min(q.Sel-room/2, len(q.Rows)-room))
	var out []string
	for i := off; i < len(q.Rows) && len(out) < room; i++ {
		out = append(out, p.row(&q.Rows[i], i == q.Sel, w))
	}
	return p.Frame(title, nil, append(append([]string{line}, out...), draw.Block(nil, w, max(0, room-len(out)))...))
}

func (p *promptPanel) row(r *PromptRow, on bool, w int) string {
	st := p.Sc.St
	if on {
		return st.Selected.On(draw.Left("▸ "+draw.Left(r.Key, 9)+" "+r.Text, w))
	}
	l := draw.NewLine(w).Put(st.Muted, "  ").Put(st.Key, draw.Left(r.Key, 9)).Gap(1)
	for i, c := range r.Text {
		k := st.Muted
		if slices.Contains(r.Hit, i) {
			k = st.Strong
		}
		l.Put(k, string(c))
	}
	return l.String()
}
