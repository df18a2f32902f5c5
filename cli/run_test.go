package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunThatAnswersNothing: a run in which a lane fails every request ends
// with exit code 1 and the reason; one that fails some has a result.
func TestRunThatAnswersNothing(t *testing.T) {
	engine, err := os.ReadFile("../docs/example_engine.py")
	if err != nil {
		t.Fatal(err)
	}
	const at = "    try:\n        if req[\"mode\"]"
	if !strings.Contains(string(engine), at) {
		t.Fatal("the example engine has changed")
	}
	for when, code := range map[string]int{`lane == "optimized"`: 1, `lane == "optimized" and req["id"] % 3 == 0`: 0} {
		path := filepath.Join(t.TempDir(), "engine.py")
		broken := strings.Replace(string(engine), at, "    try:\n        if "+when+": raise ValueError(\"planted\")\n        if req[\"mode\"]", 1)
		if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		out, got := run("run", "--engine-cmd", "python3 "+path, "--config", "root_cause_prefill_only", "--reps", "2", "--warmup", "1", "--out", t.TempDir())
		if says := strings.Contains(out, "prefill: no optimized request succeeded, 27 failed, the first with: planted"); got != code || says != (code == 1) {
			t.Errorf("%s: exit code %d, want %d\n%s", when, got, code, out)
		}
		if !strings.Contains(out, "optimized requests failed") {
			t.Errorf("%s: nothing of failures\n%s", when, out)
		}
	}
}
