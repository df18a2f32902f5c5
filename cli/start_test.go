//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
)

// TestStartIsQuick logs how long the first frame and the first sample take
// with library and model in place; the budgets stand in docs/performance.md.
// It fails by processor time, because test machines are shared: that of the
// program's own process, not of its worker.
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
		s.until("the first frame", time.Minute, func(x string) bool { return strings.Contains(x, "builtin:default") || strings.Contains(x, "quit") })
		frame, spent := time.Since(begin), processorTime(t, cmd.Process.Pid)
		s.until("the first sample", time.Minute, func(x string) bool { return counted.MatchString(x) })
		sample := time.Since(begin)
		s.keys("q")
		must.OK(t, s.ended(time.Minute))
		t.Logf("first frame after %v (%v of a core), first sample on the screen after %v", frame.Round(time.Millisecond), spent, sample.Round(time.Millisecond))
		if spent > time.Second {
			t.Errorf("%v of a core for a first frame, far beyond the budget of 150 ms", spent)
		}
	}
}

// processorTime is what a process has used, by /proc; 0 where there is none.
func processorTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	var user, system int64
	must.Get(fmt.Sscan(f[11]+" "+f[12], &user, &system))(t)
	return time.Duration(user+system) * 10 * time.Millisecond // a hundred ticks a second
}
