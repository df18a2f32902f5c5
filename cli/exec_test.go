package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// torchPython is an interpreter with a real torch: TAILSCOPE_TORCH_PYTHON, or
// python3 where it has one.
func torchPython(t *testing.T) string {
	t.Helper()
	demand.Time(t)
	if exec.Command("python3", "-c", "import torch; torch.compile").Run() == nil && os.Getenv("TAILSCOPE_TORCH_PYTHON") == "" {
		return "python3"
	}
	return demand.TorchPython(t)
}

// execRun runs a program of testdata/exec under tailscope exec and returns its
// output, the exit code, and what --json says.
func execRun(t *testing.T, flags []string, command ...string) (string, int, map[string]any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	args := append(append([]string{"exec", "--json", "--gpu-interval", "0", "--out", t.TempDir()}, flags...), "--")
	c := exec.CommandContext(ctx, tailscope(t).Path, append(args, command...)...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run()
	var j map[string]any
	if err := json.Unmarshal(out.Bytes(), &j); err != nil {
		t.Fatalf("%v: %s\n%s", err, out.String(), errs.String())
	}
	return errs.String(), c.ProcessState.ExitCode(), j
}

func execProgram(name string) string { return filepath.Join("testdata", "exec", name) }

// kinds counts the events of a session.
func kinds(t *testing.T, j map[string]any) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, e := range readEvents(t, j["dir"].(string)) {
		n[e["kind"].(string)]++
	}
	return n
}

func TestExecRealPrograms(t *testing.T) {
	python, logs := torchPython(t), t.TempDir()
	for _, c := range []struct {
		name    string
		command []string
		flags   []string
		samples int
		code    int
		says    string
		events  map[string]int // exactly so many
		reason  string         // of some event
	}{
		{name: "shapes", command: []string{python, execProgram("shapes.py")}, samples: 90, says: "total ",
			events: map[string]int{"compile": 1, "recompile": 2}, reason: "step: tensor 'x' size mismatch at index 0. expected 3, actual 4"},
		{name: "train", command: []string{python, execProgram("train.py")}, samples: 60, says: "OptimizedModule",
			events: map[string]int{"compile": 1, "recompile": 1}, reason: "the backward pass was compiled"},
		{name: "threads", command: []string{python, execProgram("service.py")}, samples: 404, says: "rows 1000", reason: "size mismatch"},
		{name: "exception", command: []string{python, execProgram("raises.py")}, samples: 6, code: 1, says: "ValueError: too long", reason: "ValueError: too long"},
		{name: "signal", command: []string{python, execProgram("crash.py")}, samples: 20, code: 139, says: "segmentation fault", reason: "the program died of segmentation fault"},
		{name: "forks", command: []string{python, execProgram("fork.py")}, samples: 40, says: "codes [0, 0, 0]"},
		{name: "no torch", command: []string{"sh", "-c", "echo shell; exit 7"}, code: 7, says: "shell", reason: "the program exited with 7"},
		{name: "torchrun", command: []string{python, "-m", "torch.distributed.run", "--log-dir", logs, "--nproc-per-node", "2", execProgram("rank.py")}, samples: 60, says: "rank 1"},
		{name: "one rank", command: []string{python, "-m", "torch.distributed.run", "--log-dir", logs, "--nproc-per-node", "2", execProgram("rank.py")},
			flags: []string{"--rank", "1"}, samples: 30, says: "rank 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			says, code, j := execRun(t, c.flags, c.command...)
			if code != c.code || !strings.Contains(says, c.says) {
				t.Errorf("exit code %d, want %d; output %s", code, c.code, says)
			}
			if n := int(j["samples"].(float64)); n != c.samples {
				t.Errorf("%d samples, want %d", n, c.samples)
			}
			got := kinds(t, j)
			for kind, n := range c.events {
				if got[kind] != n {
					t.Errorf("%d events %s, want %d", got[kind], kind, n)
				}
			}
			for _, e := range readEvents(t, j["dir"].(string)) {
				if strings.Contains(e["reason"].(string), c.reason) {
					return
				}
			}
			t.Errorf("no event says %q", c.reason)
		})
	}
}

// TestExecAB gives a share of the calls to the eager lane, and takes nothing
// from what the program prints.
func TestExecAB(t *testing.T) {
	python := torchPython(t)
	bare := must.Get(exec.Command(python, execProgram("shapes.py")).Output())(t)
	says, code, j := execRun(t, []string{"--ab", "0.3", "--seed", "5"}, python, execProgram("shapes.py"))
	if code != 0 || !strings.Contains(says, strings.TrimSpace(string(bare))) {
		t.Errorf("code %d, output %q, bare %q", code, says, bare)
	}
	lanes := map[string]float64{}
	for _, g := range j["summaries"].(map[string]any)["forward"].(map[string]any)["groups"].([]any) {
		if g := g.(map[string]any); g["scenario"] == "*" && g["segment"] == "*" {
			lanes[g["lane"].(string)] = g["n"].(float64)
		}
	}
	if e := lanes["eager"]; e+lanes["optimized"] != 90 || e < 15 || e > 42 {
		t.Errorf("lanes %v", lanes)
	}
}

// TestExecCostsLittle compares hooked with bare calls in one process: by the
// functions that are called, which no other work of the machine changes, and
// by the CPU time of calls that such work disturbed little.
func TestExecCostsLittle(t *testing.T) {
	python := torchPython(t)
	var cost []float64
	for len(cost) < 3 {
		says, _, _ := execRun(t, nil, python, execProgram("overhead.py"), "1")
		m := regexp.MustCompile(`hooked True: .* undisturbed (\S+) us, functions (\d+)`).FindStringSubmatch(says)
		if m == nil {
			t.Fatal(says)
		}
		t.Log(m[0])
		if n, _ := strconv.Atoi(m[2]); n > 7 {
			t.Fatalf("the hook calls %d functions", n)
		}
		us, _ := strconv.ParseFloat(m[1], 64)
		if us < 20 {
			return
		}
		cost = append(cost, us)
	}
	t.Fatalf("the hook costs a call %v µs", cost)
}

// TestExecOutlivesTailscope kills tailscope: the program must not notice.
func TestExecOutlivesTailscope(t *testing.T) {
	python := torchPython(t)
	log := filepath.Join(t.TempDir(), "log")
	f := must.Get(os.Create(log))(t)
	defer f.Close()
	dir := t.TempDir()
	c := tailscope(t, "exec", "--headless", "--gpu-interval", "0", "--out", dir, "--", python, execProgram("beat.py"), "2")
	c.Env = append(os.Environ(), "TMPDIR="+t.TempDir()) // killed, it leaves its socket
	c.Stdout, c.Stderr = f, f
	must.OK(t, c.Start())
	measured(t, dir, 1)
	must.OK(t, c.Process.Kill())
	_ = c.Wait()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if b, _ := os.ReadFile(log); bytes.Contains(b, []byte("calls ")) {
			return
		}
	}
	b, _ := os.ReadFile(log)
	t.Fatalf("the program did not come to its end: %s", b)
}

// TestExecRunsTheUsersSitecustomize keeps what the hook's file would hide.
func TestExecRunsTheUsersSitecustomize(t *testing.T) {
	python := torchPython(t)
	t.Setenv("PYTHONPATH", "testdata/exec")
	says, code, _ := execRun(t, nil, python, "-c", "print('ran')")
	if code != 0 || !strings.Contains(says, "own sitecustomize") || !strings.Contains(says, "ran") {
		t.Errorf("code %d: %s", code, says)
	}
}
