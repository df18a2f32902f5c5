package panels

import "github.com/tailscope/tailscope/tui/draw"

// SlotOutput is what the program under exec printed, over everything else.
var SlotOutput = Register(Desc{Name: "output", Focus: true, Least: 3, Make: func() Panel { return &outputPanel{} }})

type outputPanel struct{ Pane }

// Limit is how far it scrolls back: to the first line.
func (p *outputPanel) Limit() int { return max(0, len(p.Sc.Output)-1) }

func (p *outputPanel) View() string {
	st := p.Sc.St
	w, h := p.Inner()
	title := []draw.Run{draw.R(st.Title, "what the program printed")}
	extra := []draw.Run{draw.R(st.Muted, p.Sc.Keys("↑/↓ scroll · L or esc back · all of it: program.log"))}
	lines, back := p.Sc.Output, p.Sc.Scroll[p.Slot]
	if len(lines) == 0 {
		return p.Note(title, extra, "nothing so far")
	}
	if back > 0 {
		title = append(title, draw.R(st.Warn, " · scrolled back "+draw.Count(back)))
	}
	end := max(len(lines)-back, 1)
	var body []string
	for _, l := range lines[max(end-h, 0):end] {
		body = append(body, draw.NewLine(w).Put(st.Text, l).String())
	}
	return p.Frame(title, extra, body)
}
