package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adrg/xdg"

	"github.com/tailscope/tailscope/internal/must"
)

// A/A sessions leave this machine's floor, in a cache of their own here; the next
// run takes it for its own, unless it is told not to.
func TestTheMachinesFloorIsTaken(t *testing.T) {
	cache := t.TempDir()
	must.OK(t, os.MkdirAll(filepath.Join(cache, "tailscope"), 0o755))
	for _, part := range []string{"models", "onnxruntime"} {
		must.OK(t, os.Symlink(filepath.Join(xdg.CacheHome, "tailscope", part), filepath.Join(cache, "tailscope", part)))
	}
	out := t.TempDir()
	run := func(args ...string) string {
		c := tailscope(t, append(args, "--config", "root_cause_prefill_only", "--reps", "4", "--out", out)...)
		cmd := exec.CommandContext(t.Context(), c.Path, c.Args[1:]...)
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache)
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, text)
		}
		return string(text)
	}
	if text := run("run", "--aa", "--restarts", "3"); !strings.Contains(text, "prefill: noise floor of this machine, engine and model from 3 A/A sessions: ") {
		t.Fatal(text)
	}
	floorOf := func(args ...string) map[string]any {
		text := run(append([]string{"run"}, args...)...)
		_, dir, _ := strings.Cut(text, "session: ")
		settings := readJSON(t, filepath.Join(strings.Fields(dir)[0], "manifest.json"))["settings"].(map[string]any)
		noise, _ := settings["noise"].(map[string]any)
		return noise
	}
	noise, _ := floorOf()["prefill"].(map[string]any)
	if noise["sessions"] != 3.0 || len(noise["shares"].([]any)) != 3 {
		t.Errorf("the next run has the floor %v", noise)
	}
	if noise := floorOf("--noise", "none"); noise != nil {
		t.Errorf("a run that takes none has %v", noise)
	}
	if noise := floorOf("--threads", "1", "--pairing", "sequential"); noise != nil {
		t.Errorf("a run of another kind has %v", noise)
	}
}
