package panels

import (
	"github.com/tailscope/tailscope/tui/draw"
)

// KeyHint is a key as footer and help show it.
type KeyHint struct {
	Shown, Help, Group string
	Foot               string // word in the bottom line, "" for none
	Drop               int    // how early the bottom line gives it up, 0 never
	On                 func(*Scene) bool
}

var SlotFooter = Register(Desc{Name: "footer", Make: func() Panel { return &FooterPanel{} }})

// FooterPanel is the line of keys.
type FooterPanel struct {
	Pane
	spans []span // of the keys as last drawn
}

type span struct {
	from, to int
	shown    string
}

// At is the key under column x, "" for none.
func (p *FooterPanel) At(x int) string {
	for _, s := range p.spans {
		if x >= s.from && x < s.to {
			return s.shown
		}
	}
	return ""
}

func (p *FooterPanel) View() string {
	st := p.Sc.St
	if !p.Sc.StatusRow {
		// a low screen has one line for both: what must be said goes first
		if s := (&statusPanel{Pane: p.Pane}); s.urgent() {
			return s.View()
		}
	}
	var keys []KeyHint
	for _, k := range p.Sc.Hints {
		if k.Foot != "" && (!p.Sc.Waiting || k.Drop == 0) { // before the first sample nothing can be toggled
			keys = append(keys, k)
		}
	}
	const between = 2
	keys = draw.Shed(keys, p.W-1+between, func(k KeyHint) (width, drop int) { return draw.Cells(k.Shown+" "+k.Foot) + between, k.Drop })
	l := draw.NewLine(p.W).Gap(1)
	p.spans = p.spans[:0]
	for i, k := range keys {
		if i > 0 {
			l.Gap(between)
		}
		on := st.KeyText
		if k.On != nil && k.On(p.Sc) {
			on = st.TabOn
		}
		from := l.W
		l.Put(st.Key, k.Shown).Gap(1).Put(on, k.Foot)
		p.spans = append(p.spans, span{from, l.W, k.Shown})
	}
	return p.Bare(l.String())
}
