//go:build unix

package cli_test

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/worker"
)

// threadsOn counts the threads of a process by the CPUs that the kernel says
// each may run on.
func threadsOn(pid int) map[string]int {
	n := map[string]int{}
	files, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/status")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(b), "Cpus_allowed_list:")
		list, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		n[list]++
	}
	return n
}

// TestWorkerHasItsCPUs starts the real program with the real worker and asks
// the kernel on which CPUs their threads may run.
func TestWorkerHasItsCPUs(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.NumCPU() < 2 {
		demand.Lacks(t, demand.Linux, "needs Linux and two CPUs")
	}
	place, err := worker.Placer("") // the choice itself has a test of its own
	must.OK(t, err)
	auto := place("interleaved")
	if len(auto.Worker) == 0 || len(auto.Supervisor) == 0 {
		t.Fatalf("%d CPUs, and nothing is pinned: %+v", runtime.NumCPU(), auto)
	}
	all := slices.Sorted(maps.Keys(threadsOn(os.Getpid())))[0]
	for _, c := range []struct {
		name               string
		args               []string
		worker, supervisor string
		threads            int
	}{
		{"default", nil, auto.Worker.String(), auto.Supervisor.String(), len(auto.Worker)},
		{"all", []string{"--cpus", "all"}, all, all, runtime.NumCPU() - 1},
		{"list", []string{"--cpus", auto.Supervisor.String()}, auto.Supervisor.String(), auto.Worker.String(), len(auto.Supervisor)},
		{"any engine", []string{"--engine", "cmd", "--engine-cmd", "python3 ../docs/example_engine.py"}, auto.Worker.String(), auto.Supervisor.String(), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := t.TempDir()
			cmd := tailscope(t, append([]string{"run", "--provider", "cpu", "--out", out, "--duration", "10m"}, c.args...)...)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			must.OK(t, cmd.Start())
			aside := all // where the worker's threads may run that do not compute
			if c.name == "any engine" {
				aside = c.worker
			}
			var worker, supervisor map[string]int
			placed := func() bool {
				worker, supervisor = threadsOn(childOf(t, cmd.Process.Pid)), threadsOn(cmd.Process.Pid)
				others := -supervisor[c.supervisor] // the thread that started the worker only waits for it
				for _, n := range supervisor {
					others += n
				}
				return worker[c.worker] > 0 && (c.worker == aside || worker[aside] > 0) && len(worker) <= 2 &&
					supervisor[c.supervisor] > 0 && others <= 1
			}
			measured(t, out, 1)
			for late := time.Now().Add(30 * time.Second); !placed(); time.Sleep(100 * time.Millisecond) {
				if time.Now().After(late) {
					t.Fatalf("the worker's threads may run on %v: want those that compute on %s, the others on %s; the supervisor's on %v: want %s",
						worker, c.worker, aside, supervisor, c.supervisor)
				}
			}
			must.OK(t, cmd.Process.Signal(os.Interrupt))
			if err := cmd.Wait(); !strings.Contains(stderr.String(), "interrupted; what was measured is in") {
				t.Fatalf("%v\n%s", err, stderr.String())
			}
			engine := readJSON(t, filepath.Join(sessionDir(t, out), "manifest.json"))["engine"].(map[string]any)
			if engine["cpus"] != c.worker || engine["threads"] != float64(c.threads) && c.name != "any engine" {
				t.Errorf("the manifest says CPUs %v and %v threads, want %s and %d", engine["cpus"], engine["threads"], c.worker, c.threads)
			}
		})
	}
}
