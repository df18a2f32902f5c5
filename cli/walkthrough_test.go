package cli_test

import (
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

	"github.com/tailscope/tailscope/internal/must"
)

// TestWalkthroughWorks runs the commands of docs/walkthrough.md, block by
// block in one folder, and looks at what they left.
func TestWalkthroughWorks(t *testing.T) {
	text := must.Get(os.ReadFile("../docs/walkthrough.md"))(t)
	path := must.Get(binary())(t)
	dir := t.TempDir()
	var all strings.Builder
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 6 {
		t.Fatalf("%d blocks in the walkthrough", len(blocks))
	}
	for _, b := range blocks {
		out, code := shell(t, dir, filepath.Dir(path), b[1])
		for again := 0; again < 3 && strings.Contains(out, "no row with status ok is left"); again++ { // seconds of a busy machine held no request at all
			for _, left := range regexp.MustCompile(`--out (\w+)`).FindAllStringSubmatch(b[1], -1) {
				must.OK(t, os.RemoveAll(filepath.Join(dir, left[1])))
			}
			out, code = shell(t, dir, filepath.Dir(path), b[1])
		}
		want := 0
		if m := regexp.MustCompile(`exit code (\d)`).FindStringSubmatch(b[1]); m != nil {
			want, _ = strconv.Atoi(m[1]) // one digit
		}
		if code != want {
			t.Fatalf("exit code %d, want %d:\n%s\n%s", code, want, b[1], out)
		}
		all.WriteString(out)
	}
	for _, want := range []string{"recompiles", "compiles in the tail", "Stabilise the shapes", "gate 'ratio(optimized.p99_ms) <= 0.8' holds", "gate 'ratio(optimized.p99_ms) <= 1.25' fails", "Not compiler-real", "holds: 0 against 0", "fails", "lost"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("nobody said %q:\n%s", want, all.String())
		}
	}
	for _, f := range []string{"gates.xml", "analysis/summary.json", "variable/*/report.html", "killed/*/report.html", "mix/*/prefill/metrics.csv", "both/sessions.html", "tail.xml"} {
		if m, err := filepath.Glob(filepath.Join(dir, f)); err != nil || len(m) != 1 {
			t.Errorf("%s: %v, %v", f, m, err)
		}
	}
	sameNumbers(t, dir)
}

// shell runs a block as a reader would.
func shell(t *testing.T, dir, bin, script string) (out string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-e", "-c", script)
	c.Dir, c.Env = dir, append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	b, err := c.CombinedOutput()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), c.ProcessState.ExitCode()
}

// sameNumbers compares what analyze says of a session's metrics.csv and of its
// run files with the session's own summary.
func sameNumbers(t *testing.T, dir string) {
	t.Helper()
	own, err := filepath.Glob(filepath.Join(dir, "variable/*/prefill/analysis/summary.json"))
	if err != nil || len(own) != 1 {
		t.Fatal(own, err)
	}
	want := overall(t, own[0], "lane")
	for file, label := range map[string]string{"analysis/summary.json": "backend", "analysis/runs.json": "backend"} {
		got := overall(t, filepath.Join(dir, file), label)
		for lane, w := range want {
			if g := got[lane]; g != w {
				t.Errorf("%s, %s: %v, the session says %v", file, lane, g, w)
			}
		}
	}
}

// overall reads n, mean, p50, p99 and max of the groups over all scenarios.
func overall(t *testing.T, path, label string) map[string][5]float64 {
	t.Helper()
	b := must.Get(os.ReadFile(path))(t)
	var f struct {
		Groups []map[string]any `json:"groups"`
	}
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	out := map[string][5]float64{}
	for _, g := range f.Groups {
		if g["scenario"] != "*" || g["segment"] != nil && g["segment"] != "*" {
			continue
		}
		var v [5]float64
		for i, k := range []string{"n", "mean_ms", "p50_ms", "p99_ms", "max_ms"} {
			v[i], _ = g[k].(float64)
		}
		out[g[label].(string)] = v
	}
	return out
}
