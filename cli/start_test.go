//go:build unix

package cli_test

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestStartIsQuick logs how long the first frame and the first sample take
// with library and model in place; the budgets stand in docs/performance.md.
// It fails only far beyond them, because test machines are shared.
func TestStartIsQuick(t *testing.T) {
	warm := tailscope(t, "run", "--provider", "cpu", "--duration", "1s", "--out", t.TempDir())
	if out, err := warm.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for range 3 {
		cmd := tailscope(t, "--provider", "cpu", "--out", t.TempDir())
		cmd.Env = append(os.Environ(), "TERM=xterm-256color")
		begin := time.Now()
		s := newScreen(t, 120, 40, cmd)
		s.until("the first frame", 10*time.Second, func(x string) bool { return strings.Contains(x, "builtin:default") || strings.Contains(x, "quit") })
		frame := time.Since(begin)
		s.until("the first sample", 20*time.Second, func(x string) bool { return counted.MatchString(x) })
		sample := time.Since(begin)
		s.keys("q")
		if err := s.ended(20 * time.Second); err != nil {
			t.Fatal(err)
		}
		t.Logf("first frame after %v, first sample on the screen after %v", frame.Round(time.Millisecond), sample.Round(time.Millisecond))
		if frame > 5*time.Second || sample > 10*time.Second {
			t.Errorf("far beyond the budgets of 150 ms and 1 s")
		}
	}
}
