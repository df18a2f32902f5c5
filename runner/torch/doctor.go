package torch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/tailscope/tailscope/configs"
)

// Report is what one interpreter has. Empty strings mean absent; Errors maps
// what could not be imported to why.
type Report struct {
	Python       string            `json:"python"`
	Executable   string            `json:"executable"`
	Torch        string            `json:"torch"`
	CUDA         string            `json:"cuda"`   // version torch was built for
	Device       string            `json:"device"` // name of the first CUDA device
	Triton       string            `json:"triton"`
	Transformers string            `json:"transformers"`
	Compiler     string            `json:"compiler"` // C++ compiler that Inductor needs on a CPU
	Compile      bool              `json:"compile"`  // torch.compile is there
	Errors       map[string]string `json:"errors"`
}

// probe prints a Report; it imports what the worker would import.
const probe = `
import json, platform, shutil, sys
r = {"python": platform.python_version(), "executable": sys.executable, "errors": {}}
def attempt(name, fn):
    try:
        v = fn()
        if v: r[name] = v if isinstance(v, bool) else str(v)
    except BaseException as e:
        r["errors"][name] = (type(e).__name__ + ": " + str(e)).splitlines()[0][:300]
attempt("torch", lambda: __import__("torch").__version__)
if "torch" in r:
    import torch
    attempt("cuda", lambda: torch.version.cuda)
    attempt("device", lambda: torch.cuda.get_device_name(0) if torch.cuda.is_available() else "")
    attempt("compile", lambda: hasattr(torch, "compile") and hasattr(torch, "compiler"))
    attempt("triton", lambda: __import__("triton").__version__)
    attempt("transformers", lambda: __import__("transformers").__version__)
    attempt("compiler", lambda: shutil.which("g++") or shutil.which("clang++") or shutil.which("c++"))
print("\n" + json.dumps(r))
`

// outsideCwd keeps Python from importing what lies in the current folder: it
// may be a stranger's. (-I and -P would do it too; the one leaves PYTHONPATH out
// and the other is of 3.11.)
const outsideCwd = "import sys\nsys.path[:] = [p for p in sys.path if p]\n"

// Probe asks the interpreter what it has; it may take the seconds that
// importing torch takes.
func Probe(ctx context.Context, t configs.Torch) (Report, error) {
	var r Report
	python, err := Python(t)
	if err != nil {
		return r, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, python, "-c", outsideCwd+probe)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, &stderr, time.Second
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("%s cannot be asked what it has: %w: %s", python, err, lastLine(stderr.String()))
	}
	if err := json.Unmarshal([]byte(lastLine(stdout.String())), &r); err != nil {
		return r, fmt.Errorf("%s answered nonsense: %w", python, err)
	}
	return r, nil
}

// Lacks words what is missing, most important first.
func (r Report) Lacks(t configs.Torch) []string {
	var s []string
	say := func(format string, args ...any) { s = append(s, fmt.Sprintf(format, args...)) }
	if older(r.Python, 3, 10) {
		say("Python %s is too old for the PyTorch worker: it needs 3.10 or later.", r.Python)
	}
	if r.Torch == "" {
		say("torch cannot be imported by %s (%s): pip install torch, or choose another interpreter with --python.",
			r.Executable, r.Errors["torch"])
		return s
	}
	if older(r.Torch, 2, 4) || !r.Compile {
		say("torch %s is too old: torch.compile as it is measured here needs 2.4 or later.", r.Torch)
	} else if older(r.Torch, 2, 8) {
		say("torch %s reports less than 2.8: CUDA graph recordings may lack as events.", r.Torch)
	}
	switch {
	case t.Device == "cpu":
	case r.CUDA == "":
		say("torch %s is built without CUDA: it runs on the CPU, with wall time only.", r.Torch)
	case r.Device == "":
		say("torch %s finds no CUDA device: it runs on the CPU, with wall time only.", r.Torch)
	}
	if r.Device != "" && r.Triton == "" {
		say("Triton cannot be imported (%s): Inductor cannot run on the GPU and the optimized lane falls back to aot_eager.",
			r.Errors["triton"])
	}
	if r.Device == "" && r.Compiler == "" {
		say("There is no C++ compiler: Inductor cannot run on the CPU; install g++ or clang++.")
	}
	if r.Transformers == "" {
		say("transformers cannot be imported (%s): built-in models and Hugging Face folders need it; torch.entry does not.",
			r.Errors["transformers"])
	}
	return s
}

// older compares the first two numbers of a version.
func older(version string, major, minor int) bool {
	var a, b int
	if n, _ := fmt.Sscanf(version, "%d.%d", &a, &b); n < 2 {
		return false
	}
	return a < major || a == major && b < minor
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
