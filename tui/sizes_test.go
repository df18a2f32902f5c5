package tui

import (
	"image"
	"regexp"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

// Whatever the size from 1×1 to 300×80, the view and what is open over it:
// every line is as wide as the screen, nothing overlaps, no number is cut in
// the middle.
func TestEverySizeAndStateHolds(t *testing.T) {
	m := toggled(t, image.Pt(80, 24))
	m.prompt = prompt{}
	// an ellipsis that follows a digit or a decimal point would hide how large a number is
	cut := regexp.MustCompile(`\d[.,]?…`)
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 300).Draw(t, "w"), rapid.IntRange(1, 80).Draw(t, "h")
		m.Update(tea.WindowSizeMsg{Width: w, Height: h})
		keys := rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6", "?", "h", "l", "+", "-", "[", "]", "tab", "up", "down", "S", "L", "enter", "esc", "v", "left", "right", "n", "N", "<", ">", "home", "end"}), 0, 5).Draw(t, "keys")
		open := rapid.SampledFrom([]string{"", ":", "/", "M", "c"}).Draw(t, "open")
		press(m, append([]string{"esc", "esc", "esc", "esc"}, keys...)...)
		if open != "" {
			press(m, open)
		}
		text := ansi.Strip(m.View().Content)
		lines := strings.Split(text, "\n")
		if len(lines) != h {
			t.Fatalf("%d lines, want %d", len(lines), h)
		}
		for y, l := range lines {
			if n := ansi.StringWidth(l); n != w {
				t.Fatalf("%dx%d %v%s: line %d is %d cells: %q", w, h, keys, open, y, n, l)
			}
			if s := cut.FindString(l); s != "" && w >= 24 {
				t.Fatalf("%dx%d %v%s: a number is cut: %q in %q", w, h, keys, open, s, l)
			}
		}
		if open != "" {
			press(m, "esc")
		}
		for len(asked(m)) > 0 {
		}
	})
}
