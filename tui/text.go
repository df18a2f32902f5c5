package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/tailscope/tailscope/runner/view"
)

// Text is one frame as text, without colours and without a terminal: what the
// screen numbered from 1 shows of v at width × height cells.
func Text(v view.View, screen, width, height int, o Options) (string, error) {
	if screen < 1 || screen > numScreens {
		return "", fmt.Errorf("there are views 1 to %d, no %d", numScreens, screen)
	}
	o.Env, o.Theme = []string{}, "dark"
	m := newModel(nil, make(outbox, 1), nil, o.withDefaults())
	at := time.Unix(0, 0)
	m.now = func() time.Time { return at }
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	m.Update(viewMsg{&v})
	m.sc.Screen = screen
	m.rev++
	lines := strings.Split(ansi.Strip(m.View().Content), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n", nil
}
