//go:build unix

package cli_test

import (
	"encoding/json"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/openai/mock"
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
	text := must.Get(os.ReadFile("../README.md"))(t)
	dir := t.TempDir()
	for to, from := range map[string]string{"A": "finished", "B": "finished", "results/20261123_101500": "finished", "results/20261123_101700": "killed"} {
		must.OK(t, os.CopyFS(filepath.Join(dir, to), os.DirFS(filepath.Join("../snapshot/testdata/golden", from))))
	}
	engine := must.Get(os.ReadFile("../docs/example_engine.py"))(t)
	must.OK(t, os.WriteFile(filepath.Join(dir, "engine.py"), engine, 0o644))
	must.OK(t, os.WriteFile(filepath.Join(dir, "app.py"), []byte("import torch\nf = torch.compile(lambda x: x + 1, backend='eager')\nfor n in range(30):\n    f(torch.ones(1 + n % 3))\n"), 0o644))
	asTyped(t, dir, "tailscope model build default --out . && ln -s default/model.onnx model.onnx && ln -s default/*data* . || true")
	must.OK(t, os.MkdirAll(filepath.Join(dir, "DIR"), 0o755))
	must.OK(t, os.CopyFS(filepath.Join(dir, "DIR"), os.DirFS("../runner/torchtrace/testdata")))
	serve8000(t)
	ran := map[string]bool{}
	for _, command := range readmeCommands(string(text)) {
		for _, one := range oneByOne(command) {
			if !ran[one] && !neverHere(t, one) {
				asTyped(t, dir, one)
			}
			ran[one] = true
		}
	}
	if len(ran) < 25 {
		t.Errorf("%d commands: %v", len(ran), ran)
	}
}

// readmeCommands are the commands of README.md: the lines of its blocks, and what
// stands in its text between backquotes.
func readmeCommands(text string) (out []string) {
	block := regexp.MustCompile("(?s)```(?:sh)?\n(.*?)```")
	for _, b := range block.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(b[1]) {
			command, _, _ := strings.Cut(strings.TrimSpace(line), "   ")
			command, _, _ = strings.Cut(command, "  ")
			out = append(out, command)
		}
	}
	for _, m := range regexp.MustCompile("`((?:tailscope|go) [^`]+)`").FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
		out = append(out, m[1])
	}
	return slices.DeleteFunc(out, func(c string) bool { return !strings.HasPrefix(c, "tailscope") && !strings.HasPrefix(c, "go ") })
}

// oneByOne are the commands that a line with alternatives stands for. 'go run .'
// is what go build makes of the same folder.
func oneByOne(command string) []string {
	command = strings.TrimSpace(regexp.MustCompile(`^go run \.( |$)`).ReplaceAllString(command, "tailscope "))
	if before, after, ok := strings.Cut(command, "bash|zsh|fish"); ok {
		return []string{before + "bash" + after, before + "zsh" + after, before + "fish" + after}
	}
	if before, ok := strings.CutSuffix(command, " [URL_B]"); ok {
		return []string{before, before + " http://localhost:8000"}
	}
	return []string{command}
}

// serve8000 is the server of the line with attach, where the port is free.
func serve8000(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:8000")
	if err != nil {
		t.Logf("another server is at port 8000: %v", err)
		return
	}
	web := httptest.NewUnstartedServer(&mock.Server{TTFT: 2 * time.Millisecond, ITL: time.Millisecond})
	_ = web.Listener.Close()
	web.Listener = listener
	web.Start()
	t.Cleanup(web.Close)
}

// elsewhere are commands of README.md that something else runs.
var elsewhere = map[string]string{
	"go test ./...":   ".ci/run tests",
	"go build -v .":   "a first build, which docs/performance.md measures",
	"tailscope setup": ".ci/run build",
	"go install github.com/tailscope/tailscope@latest": "scripts/proxy-check",
	"tailscope setup --from PATH":                      "cli/start_test.go and runner/ort/provision",
}

// neverHere tells of a line that something else runs, or that needs what this
// machine has not: PyTorch, transformers.
func neverHere(t *testing.T, command string) bool {
	if by := elsewhere[command]; by != "" {
		t.Logf("%s is run by %s", command, by)
		return true
	}
	python := os.Getenv("TAILSCOPE_TORCH_PYTHON")
	needs := ""
	switch {
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
var live = regexp.MustCompile(`^tailscope( --.*| replay [^-]*| attach .*| watch .*)?$`)

// oneLane is a screen over what has one lane: a server, or a trace, which may hold no calls.
var oneLane = regexp.MustCompile(`n 0 and [1-9]|observed, not asked for`)

// asTyped runs a command line: in a terminal that q leaves, if it opens a
// screen, else in a shell.
func asTyped(t *testing.T, dir, command string) {
	t.Helper()
	path := must.Get(binary())(t)
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
	s.until("a screen: "+command, 2*time.Minute, func(x string) bool {
		return strings.Contains(x, "quit") && (counted.MatchString(x) || strings.Count(command, "://") < 2 && oneLane.MatchString(x))
	})
	s.keys("q")
	if err := s.ended(time.Minute); err != nil {
		t.Errorf("%s: %v", command, err)
	}
}
