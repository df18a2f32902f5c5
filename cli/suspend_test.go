//go:build unix

package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
)

// A program that leads its terminal's session has no shell that could resume
// it: ctrl+z must not leave a blank screen that nothing answers.
func TestSuspendWithoutShellComesBack(t *testing.T) {
	cmd := tailscope(t, "--model", "builtin:tiny-gpt2", "--out", t.TempDir())
	s := newScreen(t, 120, 40, cmd)
	running := func(text string) bool { return strings.Contains(text, "RUNNING") }
	s.until("it runs", time.Minute, running)
	s.keys("\x1a")
	s.until("it says why it is back", time.Minute, func(text string) bool {
		return running(text) && strings.Contains(text, "no shell to go to")
	})
	s.keys("p")
	s.until("keys work", time.Minute, func(text string) bool { return strings.Contains(text, "segment 1") })
	s.keys("q")
	must.OK(t, s.ended(time.Minute))
}
