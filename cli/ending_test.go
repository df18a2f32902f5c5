//go:build unix

package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// stuck are the arguments of a run whose engine hangs after 20 requests.
func stuck(t *testing.T, more ...string) []string {
	t.Helper()
	demand.Command(t, demand.Python, "python3")
	script := must.Get(filepath.Abs("testdata/stuck.py"))(t)
	return append([]string{"--engine", "cmd", "--engine-cmd", "python3 '" + script + "' deaf", "--mode", "prefill", "--out", t.TempDir()}, more...)
}

// endedWithin waits for a started command.
func endedWithin(t *testing.T, c *exec.Cmd, limit time.Duration) time.Duration {
	t.Helper()
	begin, done := time.Now(), make(chan error, 1)
	go func() { done <- c.Wait() }()
	select {
	case <-done:
	case <-time.After(limit):
		_ = c.Process.Kill()
		<-done
		t.Errorf("%v is not over after %v", c.Args[1:min(4, len(c.Args))], limit)
	}
	return time.Since(begin)
}

// A run whose worker hangs ends with the second signal at once, and with the
// first after a few seconds; the folder is whole either way or recovered.
func TestSignalsEndAHungRun(t *testing.T) {
	for _, signals := range []int{1, 2} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
			if signals == 1 && sig != syscall.SIGTERM {
				continue
			}
			args := stuck(t, "--duration", "10m")
			out := args[len(args)-3]
			c := tailscope(t, append([]string{"run"}, args...)...)
			var said strings.Builder
			c.Stderr = &said
			must.OK(t, c.Start())
			measured(t, out, 40)      // of 20 requests: it is inside of the next
			limit := 20 * time.Second // promised are 5 s and 2 s, on a machine that is not busy; it was 33 s
			for i := range signals {
				if i > 0 {
					time.Sleep(500 * time.Millisecond) // the kernel makes one of two that nobody has seen
					limit = 10 * time.Second
				}
				must.OK(t, c.Process.Signal(sig))
			}
			endedWithin(t, c, limit)
			if code := c.ProcessState.ExitCode(); code != 1 {
				t.Errorf("%v × %d: exit code %d, want 1", sig, signals, code)
			}
			if signals == 2 && !notWaitedFor(out, said.String()) {
				t.Errorf("%v × 2: the second was not heeded: %s", sig, said.String())
			}
		}
	}
}

// notWaitedFor says whether the worker of the session below out was killed for
// the second wish of its user, or the program ended before it came to that.
func notWaitedFor(out, said string) bool {
	events, _ := filepath.Glob(filepath.Join(out, "*", "events.jsonl"))
	b, _ := os.ReadFile(strings.Join(events, ""))
	return strings.Contains(string(b), "its user did not want to wait") || strings.Contains(said, "what was not finished can be")
}

// The live screen of a hung worker says so, and a second q or signal leaves it.
func TestTheScreenOfAHungWorkerIsLeft(t *testing.T) {
	args := stuck(t)
	s := newScreen(t, 120, 40, tailscope(t, args...))
	s.until("the sentence", 30*time.Second, func(text string) bool { return strings.Contains(text, "no word for") })
	s.keys("q")
	time.Sleep(300 * time.Millisecond)
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	_ = s.ended(20 * time.Second) // promised are 2 s, on a machine that is not busy; it was 33 s
	raw := string(s.raw)
	if !strings.Contains(raw, "\x1b[?1049l") {
		t.Error("the alternate screen was not left")
	}
	if !notWaitedFor(args[len(args)-1], raw) {
		t.Errorf("the second wish was not heeded: %q", tail(s.raw))
	}
}

// SIGQUIT ends the program with the stacks of its goroutines, on a terminal as
// it was found.
func TestSIGQUITRestoresTheTerminal(t *testing.T) {
	fresh, other, err := pty.Open()
	must.OK(t, err)
	untouched := settings(t, fresh)
	_, _ = fresh.Close(), other.Close()
	s := newScreen(t, 120, 40, tailscope(t, stuck(t)...))
	s.until("the screen", time.Minute, func(text string) bool { return strings.Contains(text, "no word for") })
	must.OK(t, s.cmd.Process.Signal(syscall.SIGQUIT))
	_ = s.ended(2 * time.Minute) // with an error
	raw := string(s.raw)
	if strings.LastIndex(raw, "\x1b[?1049l") < strings.LastIndex(raw, "\x1b[?1049h") || strings.LastIndex(raw, "\x1b[?25h") < strings.LastIndex(raw, "\x1b[?25l") || !strings.Contains(raw, "goroutine ") {
		t.Errorf("the screen was not left, or there is no stack: %q", tail(s.raw))
	}
	if now := settings(t, s.pty); now != untouched {
		t.Errorf("the terminal's settings are %s, were %s", now, untouched)
	}
}

// Commands that are no session end with the first signal.
func TestTheFirstSignalEndsWhatIsNoSession(t *testing.T) {
	long := filepath.Join(t.TempDir(), "long.csv") // takes far longer than the limit
	must.OK(t, os.WriteFile(long, []byte("backend,latency_ms\n"+strings.Repeat("torch-eager,1.25\ntorch-compiled,1.125\n", 4<<20)), 0o600))
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		c := tailscope(t, "analyze", long)
		must.OK(t, c.Start())
		if _, err := os.Stat("/proc/self/stat"); err != nil {
			time.Sleep(time.Second)
		} else {
			waitFor(t, "that it reads", time.Minute, func() bool { return processorTime(t, c.Process.Pid) > 300*time.Millisecond })
		}
		must.OK(t, c.Process.Signal(sig))
		endedWithin(t, c, 20*time.Second) // within its time it would have ended with 0
		if code := c.ProcessState.ExitCode(); code != 1 {
			t.Errorf("%v: exit code %d", sig, code)
		}
	}
}

// Where a file is meant, a named pipe without a writer and a device without an
// end are refused at once.
func TestNamedPipesAreNotWaitedFor(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	must.OK(t, syscall.Mkfifo(fifo, 0o600))
	for _, path := range []string{fifo, "/dev/zero"} {
		for _, args := range [][]string{
			{"analyze", path}, {"compare", path, path}, {"report", path}, {"recover", path}, {"model", "inspect", path}, {"config", "show", path},
			{"setup", "--from", path}, append([]string{"run", "--traffic", path, "--duration", "1s"}, stuck(t)...),
			append([]string{"run", "--config", path, "--duration", "1s"}, stuck(t)...),
		} {
			c := tailscope(t, args...)
			must.OK(t, c.Start())
			endedWithin(t, c, 40*time.Second)
			if code := c.ProcessState.ExitCode(); code < 1 || code > 2 {
				t.Errorf("%v: exit code %d", args[:2], code)
			}
		}
	}
}

// A reader of progress lines that goes away does not end the run.
func TestAClosedPipeDoesNotEndARun(t *testing.T) {
	demand.Command(t, demand.Python, "python3")
	out := t.TempDir()
	r, w, err := os.Pipe()
	must.OK(t, err)
	engine := must.Get(filepath.Abs("../docs/example_engine.py"))(t)
	c := tailscope(t, "run", "--engine", "cmd", "--engine-cmd", "python3 '"+engine+"'", "--mode", "prefill", "--duration", "3s", "--out", out)
	c.Stdout, c.Stderr = w, w
	must.OK(t, c.Start())
	_, _ = w.Close(), r.Close()
	endedWithin(t, c, 2*time.Minute)
	if code := c.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if m := readJSON(t, filepath.Join(sessionDir(t, out), "manifest.json")); m["state"] != "finished" {
		t.Errorf("the folder is %v", m["state"])
	}
}
