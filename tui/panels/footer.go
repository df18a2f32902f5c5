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
	keys = fitKeys(keys, p.W)
	l := draw.NewLine(p.W).Gap(1)
	p.spans = p.spans[:0]
	for i, k := range keys {
		if i > 0 {
			l.Gap(2)
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

// fitKeys gives up the least useful keys until the rest fit into w cells.
func fitKeys(keys []KeyHint, w int) []KeyHint {
	width := func() int {
		n := 1
		for _, k := range keys {
			n += draw.Cells(k.Shown) + 1 + draw.Cells(k.Foot) + 2
		}
		return n - 2
	}
	for len(keys) > 1 && width() > w {
		worst := 0
		for i := range keys {
			if keys[i].Drop >= keys[worst].Drop {
				worst = i
			}
		}
		keys = append(keys[:worst], keys[worst+1:]...)
	}
	return keys
}
