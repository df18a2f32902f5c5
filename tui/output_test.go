package tui

import (
	"fmt"
	"image"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// TestOutput opens what the program printed: the newest lines, more as they
// come, older ones by scrolling, and a reason where there is no program.
func TestOutput(t *testing.T) {
	m := toggled(t, image.Pt(120, 40))
	press(m, "L")
	if m.output || !strings.Contains(m.sc.Flash.Text, "tailscope exec") {
		t.Errorf("without a program: %q", m.sc.Flash.Text)
	}
	var lines []string
	m.o.Output = func() []string { return lines }
	press(m, "L")
	frame := func() string { return ansi.Strip(m.View().Content) }
	if !strings.Contains(frame(), "nothing so far") {
		t.Error("an empty output is not said")
	}
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("step %d of the program", i))
	}
	m.Update(tickMsg{})
	if f := frame(); !strings.Contains(f, "step 99 of") || strings.Contains(f, "step 20 of") {
		t.Errorf("not the newest lines: %s", f)
	}
	requireFrame(t, m.View().Content, 120, 40)
	for range 200 {
		press(m, "pgup")
	}
	if f := frame(); !strings.Contains(f, "step 0 of") || !strings.Contains(f, "scrolled back 99") {
		t.Errorf("not scrolled to the first line: %s", f)
	}
	press(m, "esc")
	if m.output || strings.Contains(frame(), "step 0 of") {
		t.Error("esc does not close it")
	}
}
