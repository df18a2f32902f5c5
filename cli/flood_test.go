//go:build linux

package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// hostile runs a session of 30 requests whose engine, runner/testdata/hostile.py,
// has the fault at its 20th request, and returns its folder and the most memory
// that the program had, bytes.
func hostile(t *testing.T, fault string, more ...string) (dir string, peak int64) {
	t.Helper()
	script := must.Get(filepath.Abs("../runner/testdata/hostile.py"))(t)
	out := t.TempDir()
	c := tailscope(t, append([]string{"run", "--engine", "cmd", "--engine-cmd", demand.Command(t, demand.Python, "python3") + " '" + script + "' " + fault + " 20",
		"--mode", "prefill", "--reps", "30", "--warmup", "0", "--out", out}, more...)...)
	var said strings.Builder
	c.Stderr = &said
	must.OK(t, c.Start())
	endedWithin(t, c, 5*time.Minute)
	if code := c.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("%s: exit code %d: %s", fault, code, said.String())
	}
	if use, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = use.Maxrss << 10
	}
	return sessionDir(t, out), peak
}

// TestLargeLinesAreReadOneAtATime: lines were bounded by number, and a hundred
// of 15 MB took 2 GB.
func TestLargeLinesAreReadOneAtATime(t *testing.T) {
	_, peak := hostile(t, "line15many")
	t.Logf("%d MB at the most", peak/1e6)
	if peak > 400e6 {
		t.Errorf("it took %d MB", peak/1e6)
	}
}

// TestAFloodedLogFitsTheBound: what an engine writes to stderr counts in --max-disk.
func TestAFloodedLogFitsTheBound(t *testing.T) {
	dir, _ := hostile(t, "stderr", "--max-disk", "40MB")
	fi := must.Get(os.Stat(filepath.Join(dir, "worker.log")))(t)
	if n := fi.Size(); n < 1e6 || n > 5e6 {
		t.Errorf("worker.log has %d bytes, its part is 4 MB", n)
	}
}
