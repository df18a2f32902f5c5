package tui

import (
	"github.com/tailscope/tailscope/runner/view"
)

// footerPanel is the line of keys.
type footerPanel struct {
	pane
	keys *keyMap
}

func (p *footerPanel) view() string {
	if p.w < 1 || p.h < 1 {
		return ""
	}
	st := p.sc.st
	if !p.sc.statusRow {
		// a low screen has one line for both: what must be said goes first
		if s := (&statusPanel{p.pane}); s.urgent() {
			return s.view()
		}
	}
	keys := p.keys.footer()
	switch {
	case p.sc.v.Replay != nil:
		keys = p.keys.replayFooter()
	case p.sc.ended || runOver(p.sc.v):
		keys = p.keys.overFooter()
	}
	if p.sc.waiting {
		keys = keys[len(keys)-2:] // help and quit: nothing can be toggled yet
	}
	keys = fitKeys(keys, p.w)
	l := newLine(p.w).gap(1)
	for i, k := range keys {
		if i > 0 {
			l.gap(2)
		}
		on := st.keyText
		if p.on(k) {
			on = st.tabOn
		}
		l.put(st.key, k.b.Help().Key).gap(1).put(on, k.word)
	}
	return join(block([]string{l.String()}, p.w, p.h))
}

// fitKeys gives up the least useful keys until the rest fit into w cells.
func fitKeys(keys []footKey, w int) []footKey {
	width := func() int {
		n := 1
		for _, k := range keys {
			n += cells(k.b.Help().Key) + 1 + cells(k.word) + 2
		}
		return n - 2
	}
	for len(keys) > 1 && width() > w {
		worst := 0
		for i := range keys {
			if keys[i].drop >= keys[worst].drop {
				worst = i
			}
		}
		keys = append(keys[:worst], keys[worst+1:]...)
	}
	return keys
}

// on reports whether what a key toggles is in force.
func (p *footerPanel) on(k footKey) bool {
	s := &p.sc.v.Session
	switch k.word {
	case "pad":
		return s.Strategy == "padded"
	case "bucket":
		return s.Strategy == "bucketed"
	case "dynamic":
		return s.Strategy == "dynamic"
	case "A/A":
		return s.AA
	case "pause":
		return p.sc.v.Phase == view.PhasePaused
	case "freeze":
		return p.sc.frozen
	case "hide tagged":
		return p.sc.hide
	}
	return false
}
