//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// inProc reads a number of kilobytes or a count from /proc/PID/status.
func inProc(t *testing.T, pid int, key string) (n int64) {
	t.Helper()
	b := must.Get(os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)))(t)
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, key+":"); ok {
			_, _ = fmt.Sscan(rest, &n)
		}
	}
	return n
}

// TestSoak lets the live screen run at about 2,000 samples a second for ten
// minutes, or as long as TAILSCOPE_SOAK says (30m). Memory stays within its budget
// and flat, descriptors and threads do not grow, and no sample is missing. How
// many there are is told and not demanded: the machine may be busy.
func TestSoak(t *testing.T) {
	long := 10 * time.Minute
	demand.Time(t)
	t.Parallel()
	if s := os.Getenv("TAILSCOPE_SOAK"); s != "" {
		d := must.Get(time.ParseDuration(s))(t)
		long = d
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		demand.Lacks(t, demand.Linux, "no /proc to look at")
	}
	args := stuck(t, "--fps", "30", "--duration", "2h")
	for i := range args {
		args[i] = strings.Replace(args[i], "' deaf", "' steady", 1)
	}
	s := newScreen(t, 200, 60, tailscope(t, args...))
	pid := s.cmd.Process.Pid
	s.until("samples", 5*time.Minute, func(text string) bool { return strings.Contains(text, "p99") })
	type reading struct{ rss, threads, files int64 }
	var readings []reading
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(long / 30) {
		files := must.Get(os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)))(t)
		readings = append(readings, reading{inProc(t, pid, "VmRSS"), inProc(t, pid, "Threads"), int64(len(files))})
	}
	peak := inProc(t, pid, "VmHWM")
	t.Logf("peak %d MiB; every %v: %v", peak>>10, long/30, readings)
	if peak > 150<<10 {
		t.Errorf("a peak of %d MiB, the budget is 150", peak>>10)
	}
	third := len(readings) / 3
	mean := func(part []reading) (r reading) {
		for _, x := range part {
			r.rss, r.threads, r.files = r.rss+x.rss, r.threads+x.threads, r.files+x.files
		}
		n := int64(len(part))
		return reading{r.rss / n, r.threads / n, r.files / n}
	}
	middle, last := mean(readings[third:2*third]), mean(readings[2*third:])
	if last.rss > middle.rss+middle.rss/4+8<<10 || last.threads > middle.threads+2 || last.files > middle.files+2 {
		t.Errorf("from the middle third %+v to the last %+v", middle, last)
	}
	s.keys("q")
	if err := s.ended(10 * time.Minute); err != nil {
		t.Errorf("the end: %v", err)
	}
	m := readJSON(t, filepath.Join(sessionDir(t, args[len(args)-5]), "manifest.json"))
	counts, _ := m["counts"].(map[string]any)
	n, _ := counts["samples"].(float64)
	t.Logf("%.0f samples, %.0f a second", n, n/long.Seconds())
	if m["state"] != "finished" || m["lost"] != nil || n < 100*long.Seconds() {
		t.Errorf("the folder is %v with %v samples, lost %v", m["state"], n, m["lost"])
	}
}
