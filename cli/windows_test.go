package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// TestWindowsReadsAsHere runs the Windows program that TAILSCOPE_WINDOWS names
// under Wine and this system's beside it: analyze, compare, report and a screen
// of replay say the same of one session folder.
func TestWindowsReadsAsHere(t *testing.T) {
	windows := os.Getenv("TAILSCOPE_WINDOWS")
	if windows == "" {
		demand.Lacks(t, demand.Wine, "TAILSCOPE_WINDOWS names no program; .ci/run wine does")
	}
	here, err := binary()
	must.OK(t, err)
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		must.OK(t, os.CopyFS(filepath.Join(dir, name), os.DirFS("../snapshot/testdata/golden/finished")))
	}
	say := func(program ...string) func(args ...string) string {
		return func(args ...string) string {
			cmd := exec.Command(program[0], append(program[1:], args...)...)
			cmd.Dir = dir
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%v %v: %v\n%s%s", program, args, err, out, stderr.Bytes())
			}
			return strings.NewReplacer("\r\n", "\n", `\`, "/").Replace(string(out))
		}
	}
	linux, wine := say(here), say("wine", windows)
	for _, args := range [][]string{{"analyze", "a"}, {"analyze", "a", "--json"}, {"compare", "a", "b"}, {"replay", "a", "--print", "200x60"},
		{"replay", "a", "--print", "80x24", "--at", "200ms", "--view", "3"}, {"config", "show"}, {"config", "presets"}} {
		if l, w := linux(args...), wine(args...); l != w || l == "" {
			t.Errorf("%v differs:\n%s\non Windows\n%s", args, l, w)
		}
	}
	for _, file := range []string{"report.md", "report.html"} {
		pages := [2][]byte{}
		for i, run := range []func(...string) string{linux, wine} {
			run("report", "a")
			if pages[i], err = os.ReadFile(filepath.Join(dir, "a", file)); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(pages[0], pages[1]) {
			t.Errorf("%s differs", file)
		}
	}
}

// TestPrintIsAScreen: one frame as text, of the size asked for.
func TestPrintIsAScreen(t *testing.T) {
	out, stderr, code := run(t, "replay", "../snapshot/testdata/golden/finished", "--print", "80x24")
	if lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n"); code != 0 || len(lines) != 24 || !strings.Contains(out, "REPLAY") || strings.Contains(out, "\x1b") {
		t.Errorf("exit %d, %d lines: %s%s", code, len(lines), out, stderr)
	}
	for _, bad := range [][]string{{"--print", "80"}, {"--print", "0x24"}, {"--print", "80x24", "--view", "99"}} {
		if _, stderr, code := run(t, append([]string{"replay", "../snapshot/testdata/golden/finished"}, bad...)...); code != 2 {
			t.Errorf("%v: exit %d %s", bad, code, stderr)
		}
	}
}
