//go:build unix

package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// What the report says of two made-up engines, through the whole program: a
// stall of the host is not the new shape's, and a lane whose every sample
// compiles is not known without.
func TestWhatTheReportBlames(t *testing.T) {
	demand.Command(t, demand.Python, "python3")
	script := must.Get(filepath.Abs("testdata/cases.py"))(t)
	config := filepath.Join(t.TempDir(), "cases.yaml")
	text := "extends: default\nmodes: [prefill]\nwarmup: 0\nreps: 8\nscenarios:\n  - name: a\n    prompts: [{tokens: 10}, {tokens: 20}, {tokens: 30}]\n"
	must.OK(t, os.WriteFile(config, []byte(text), 0o600))
	for what, want := range map[string][]string{
		"stall":    {`\| eager \| host \| 1 \|`},
		"compiles": {`Every optimized sample contains a compile`, `\| optimized \| compile \| 24 \| — \|`},
	} {
		t.Run(what, func(t *testing.T) {
			out := t.TempDir()
			if _, errs, code := run(t, "run", "--engine", "cmd", "--engine-cmd", "python3 '"+script+"' "+what, "--config", config, "--out", out); code != 0 {
				t.Fatalf("exit code %d: %s", code, errs)
			}
			b := must.Get(os.ReadFile(filepath.Join(sessionDir(t, out), "report.md")))(t)
			for _, w := range want {
				if !regexp.MustCompile(w).Match(b) {
					t.Errorf("no %s in\n%s", w, b)
				}
			}
			if what == "stall" && strings.Contains(string(b), "| eager | shape new |") {
				t.Error("the stall is called a new shape")
			}
		})
	}
}
