package tui

// keyHint is a key as footer and help show it.
type keyHint struct {
	shown, help, group string
	foot               string // word in the bottom line, "" for none
	drop               int    // how early the bottom line gives it up, 0 never
	on                 func(*scene) bool
}

var slotFooter = register(desc{name: "footer", make: func() panel { return &footerPanel{} }})

// footerPanel is the line of keys.
type footerPanel struct{ pane }

func (p *footerPanel) view() string {
	if p.w < 1 || p.h < 1 {
		return ""
	}
	st := p.sc.st
	if !p.sc.statusRow {
		// a low screen has one line for both: what must be said goes first
		if s := (&statusPanel{pane: p.pane}); s.urgent() {
			return s.view()
		}
	}
	var keys []keyHint
	for _, k := range p.sc.hints {
		if k.foot != "" && (!p.sc.waiting || k.drop == 0) { // before the first sample nothing can be toggled
			keys = append(keys, k)
		}
	}
	keys = fitKeys(keys, p.w)
	l := newLine(p.w).gap(1)
	for i, k := range keys {
		if i > 0 {
			l.gap(2)
		}
		on := st.keyText
		if k.on != nil && k.on(p.sc) {
			on = st.tabOn
		}
		l.put(st.key, k.shown).gap(1).put(on, k.foot)
	}
	return join(block([]string{l.String()}, p.w, p.h))
}

// fitKeys gives up the least useful keys until the rest fit into w cells.
func fitKeys(keys []keyHint, w int) []keyHint {
	width := func() int {
		n := 1
		for _, k := range keys {
			n += cells(k.shown) + 1 + cells(k.foot) + 2
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
