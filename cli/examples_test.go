//go:build unix

package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
)

// slow skips a test that takes long where only the fast ones are wanted.
func slow(t *testing.T) {
	t.Helper()
	demand.Time(t)
}

// TestExamplesWork runs what 'tailscope examples' prints, as typed, one after
// the other in one folder.
func TestExamplesWork(t *testing.T) {
	slow(t)
	out, stderr, code := run(t, "examples", "--json")
	var jobs []struct {
		Job      string
		Commands []string
	}
	if err := json.Unmarshal([]byte(out), &jobs); code != 0 || err != nil || len(jobs) != 10 {
		t.Fatalf("exit %d, %v, %d jobs: %s", code, err, len(jobs), stderr)
	}
	dir := t.TempDir()
	for _, j := range jobs {
		for _, c := range j.Commands {
			asTyped(t, dir, c)
		}
	}
}

// TestReadmeWorks runs each line of README.md that begins with tailscope, as
// written, in a folder that has what the lines name.
func TestReadmeWorks(t *testing.T) {
	slow(t)
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for to, from := range map[string]string{"A": "finished", "B": "finished", "results/20261123_101500": "finished", "results/20261123_101700": "killed"} {
		must(t, os.CopyFS(filepath.Join(dir, to), os.DirFS(filepath.Join("../snapshot/testdata/golden", from))))
	}
	engine, err := os.ReadFile("../docs/example_engine.py")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "engine.py"), engine, 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "app.py"), []byte("import torch\nf = torch.compile(lambda x: x + 1, backend='eager')\nfor n in range(30):\n    f(torch.ones(1 + n % 3))\n"), 0o644))
	asTyped(t, dir, "tailscope model build default --out . && ln -s default/model.onnx model.onnx && ln -s default/*data* . || true")
	n := 0
	for _, block := range regexp.MustCompile("(?s)```(?:sh)?\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			command, _, _ := strings.Cut(strings.TrimSpace(line), "   ")
			if command, _, _ = strings.Cut(command, "  #"); !strings.HasPrefix(command, "tailscope") {
				continue
			}
			if n++; neverHere(t, command) {
				continue
			}
			asTyped(t, dir, command)
		}
	}
	if n < 10 {
		t.Errorf("%d lines", n)
	}
}

// neverHere tells of a line that needs what this machine has not: a server, a
// process that writes a trace (TestWatch has one), PyTorch, transformers.
func neverHere(t *testing.T, command string) bool {
	python := os.Getenv("TAILSCOPE_TORCH_PYTHON")
	needs := ""
	switch {
	case strings.Contains(command, "http://"):
		needs = "a server"
	case strings.Contains(command, " watch "):
		needs = "a process that writes a trace"
	case python == "" && (strings.Contains(command, "torch") || strings.Contains(command, " exec ")):
		needs = "PyTorch"
	case strings.Contains(command, "--engine torch") && exec.Command(python, "-c", "import transformers").Run() != nil:
		needs = "transformers"
	}
	if needs != "" {
		t.Logf("not run, it needs %s: %s", needs, command)
	}
	return needs != ""
}

// live is a command that opens a screen.
var live = regexp.MustCompile(`^tailscope( --.*| replay [^-]*)?$`)

// asTyped runs a command line: in a terminal that q leaves, if it opens a
// screen, else in a shell.
func asTyped(t *testing.T, dir, command string) {
	t.Helper()
	path, err := binary()
	must(t, err)
	bin := filepath.Dir(path)
	if python := os.Getenv("TAILSCOPE_TORCH_PYTHON"); python != "" {
		bin += ":" + filepath.Dir(python)
	}
	if !live.MatchString(command) {
		if out, code := shell(t, dir, bin, command); code != 0 {
			t.Errorf("%s: exit code %d\n%s", command, code, out)
		}
		return
	}
	cmd := exec.Command("sh", "-c", "exec "+command)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TERM=xterm-256color", "PATH="+bin+":"+os.Getenv("PATH"))
	s := newScreen(t, 120, 40, cmd)
	s.until("a screen: "+command, 2*time.Minute, func(x string) bool { return strings.Contains(x, "quit") && counted.MatchString(x) })
	s.keys("q")
	if err := s.ended(time.Minute); err != nil {
		t.Errorf("%s: %v", command, err)
	}
}
