package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// Several sweeps in one configuration are one command: a table and a sentence on
// crossovers each, and their files beside the sessions.
func TestSeveralSweepsAreOneCommand(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "two.yaml")
	must.OK(t, os.WriteFile(file, []byte(`extends: root_cause_padded_kv
provider: cpu
scenario: single_short
reps: 2
warmup: 1
check: 0
gpu_interval: 0s
modes: [kv_decode]
strategy: kv-bucketed
sweeps:
  - name: decode length
    over: {max_new_tokens: [1, 4]}
  - name: strategy
    over: {strategy: [dynamic, kv-bucketed], max_new_tokens: [2]}
`), 0o600))
	out, stderr, code := run(t, "run", "--config", file, "--out", filepath.Join(dir, "out"))
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for _, want := range []string{"decode length\n", "\nstrategy\n", "kv_decode over max_new_tokens:", "by strategy: optimized ÷ eager"} {
		if !strings.Contains(out, want) && !(want == "kv_decode over max_new_tokens:" && strings.Contains(out, "not told apart at any max_new_tokens")) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if tables, _ := filepath.Glob(filepath.Join(dir, "out", "sweep_*.csv")); len(tables) != 2 {
		t.Errorf("%d tables, want 2", len(tables))
	}
}
