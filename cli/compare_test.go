package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/internal/must"
)

// resultFile writes a hyperfine result with times around ms.
func resultFile(t *testing.T, name string, ms float64) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, uint64(len(name))+uint64(name[0])))
	times := make([]float64, 600)
	for i := range times {
		times[i] = ms / 1e3 * (1 + 0.05*rng.NormFloat64())
	}
	b := must.Get(json.Marshal(map[string]any{"results": []any{map[string]any{"command": "./server --fast", "times": times}}}))(t)
	path := filepath.Join(t.TempDir(), name)
	must.OK(t, os.WriteFile(path, b, 0o600))
	return path
}

// run executes a command line and returns its output and exit code.
func run(args ...string) (string, int) {
	var out bytes.Buffer
	root := newRootCmd()
	root.SetOut(&out)
	root.SetArgs(args)
	err := root.Execute()
	if err != nil {
		fmt.Fprintln(&out, err)
	}
	return out.String(), exit.Code(err)
}

// TestGates is the regression gate of docs/ci.md: one that holds, one that
// fails, one that is undecided, one that cannot be read.
func TestGates(t *testing.T) {
	var args []string
	for i, ms := range []float64{10, 10.1, 9.9, 0, 13, 12.9, 13.2} {
		if ms == 0 {
			args = append(args, "--")
			continue
		}
		args = append(args, resultFile(t, fmt.Sprintf("%c.json", 'a'+i), ms))
	}
	one := []string{args[0], args[4]}
	junit := filepath.Join(t.TempDir(), "g.xml")
	for _, c := range []struct {
		paths []string
		gate  string
		code  int
		says  string
	}{
		{args, `ratio("./server --fast".p99_ms) <= 1.5`, 0, "holds: 1.3"},
		{args, `ratio("./server --fast".p50_ms) <= 1.05`, 1, "fails: 1.3"},
		{args, `ratio("./server --fast".p50_ms) <= 1.3`, 0, "is undecided: 1.3"},
		{args, `"./server --fast".p50_ms <= base("./server --fast".p50_ms) * 1.5`, 0, "holds"},
		{args, `"./server --fast".p98_ms <= 1`, 2, "no quantity"},
		{args, `p99 <=`, 2, "want a quantity"},
		{one, `ratio("./server --fast".p50_ms) <= 1.05`, 0, "1 and 1 sessions do not tell how sessions vary by themselves"},
		{one, `"./server --fast".p50_ms <= 20`, 0, "holds"},
	} {
		out, code := run(append([]string{"compare", "--gate", c.gate, "--junit", junit}, c.paths...)...)
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%s: exit code %d, want %d\n%s", c.gate, code, c.code, out)
		}
	}
	if out, code := run(append([]string{"compare", "--strict-undecided", "--gate", `ratio("./server --fast".p50_ms) <= 1.3`}, args...)...); code != 3 {
		t.Errorf("strict: exit code %d\n%s", code, out)
	}
	if out, code := run(append([]string{"compare", "--json"}, args...)...); code != 0 || !json.Valid([]byte(out)) || !strings.Contains(out, `"sessions_a": 3`) {
		t.Errorf("JSON: exit code %d\n%s", code, out)
	}
	if out, code := run(append(append([]string{"compare"}, args...), "--", args[0])...); code != 0 || strings.Count(out, "\nB: ") != 2 {
		t.Errorf("three groups: exit code %d\n%s", code, out)
	}
	if out, code := run("compare", args[0]); code != 2 {
		t.Errorf("one path: %d, %s", code, out)
	}
	if out, code := run("compare", args[0], filepath.Join(t.TempDir(), "none")); code != 2 {
		t.Errorf("a path that is not there: %d, %s", code, out)
	}
}

// TestGateOnALostMode: a baseline of two modes against a run that has one of
// them left is not passed on the one that is left.
func TestGateOnALostMode(t *testing.T) {
	dir := t.TempDir()
	rows := func(name string, modes ...string) string {
		b := "latency_ms,backend,mode\n"
		for _, m := range modes {
			for i := range 40 {
				b += fmt.Sprintf("%d,fast,%s\n", 5+i%3, m)
			}
		}
		path := filepath.Join(dir, name)
		must.OK(t, os.WriteFile(path, []byte(b), 0o600))
		return path
	}
	two, one, junit := rows("two.csv", "prefill", "kv_decode"), rows("one.csv", "prefill"), filepath.Join(dir, "g.xml")
	for _, c := range []struct {
		a, b, where string
		code        int
		says        string
	}{
		{two, one, "", 1, "kv_decode: gate 'fast.p50_ms <= 9' fails: B has no samples in this mode"},
		{two, one, "mode=prefill", 0, "prefill: gate 'fast.p50_ms <= 9' holds"},
		{one, two, "", 0, "Only B has samples in kv_decode"},
		{two, two, "", 0, "kv_decode: gate 'fast.p50_ms <= 9' holds"},
	} {
		args := []string{"compare", c.a, c.b, "--gate", "fast.p50_ms <= 9", "--junit", junit}
		if c.where != "" {
			args = append(args, "--where", c.where)
		}
		out, code := run(args...)
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%s against %s, %s: exit code %d, want %d\n%s", c.a, c.b, c.where, code, c.code, out)
		}
		x, err := os.ReadFile(junit)
		if err != nil || strings.Contains(string(x), "<failure") != (c.code == 1) {
			t.Errorf("JUnit: %v\n%s", err, x)
		}
	}
}

// TestMisspeltColumn: a name that no input has is the command's mistake.
func TestMisspeltColumn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.csv")
	must.OK(t, os.WriteFile(path, []byte("latency_ms,backend\n5,a\n6,a\n"), 0o600))
	for _, args := range [][]string{
		{"analyze", path, "--by", "quantisation"},
		{"analyze", path, "--where", "bakend=a"},
		{"analyze", path, "--label-column", "lane"},
		{"compare", path, path, "--where", "bakend=a"},
	} {
		if out, code := run(args...); code != 2 || !strings.Contains(out, "Columns are latency_ms, backend") {
			t.Errorf("%v: exit code %d, want 2\n%s", args, code, out)
		}
	}
}

// TestErrorsOfAMode: what failed in one mode is not counted in another.
func TestErrorsOfAMode(t *testing.T) {
	b := "latency_ms,backend,mode,status\n"
	for i := range 40 {
		b += fmt.Sprintf("%d,fast,prefill,ok\n%d,fast,kv_decode,ok\n", 5+i%3, 9+i%3)
	}
	path := filepath.Join(t.TempDir(), "r.csv")
	must.OK(t, os.WriteFile(path, []byte(b+"7,fast,kv_decode,error\n"), 0o600))
	out, code := run("compare", path, path, "--gate", "fast.errors <= 0")
	for _, want := range []string{"prefill: gate 'fast.errors <= 0' holds: 0 against 0", "kv_decode: gate 'fast.errors <= 0' fails: 1 against 0"} {
		if code != 1 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, want 1 and %q\n%s", code, want, out)
		}
	}
}

func TestAnalyzePrintsAndWrites(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	csv := "engine,t_us,model\n"
	for i := range 40 {
		csv += fmt.Sprintf("a,%d,m1\nb,%d,m2\n", 1000+i*17%40, 2000+i*23%40) // in no order: a ramp is drift
	}
	path := filepath.Join(dir, "x.csv")
	must.OK(t, os.WriteFile(path, []byte(csv), 0o600))
	text, code := run("analyze", path, "--latency-column", "t_us", "--label-column", "engine", "--by", "model", "--out", out)
	if code != 0 || !strings.Contains(text, "1.0195") || !strings.Contains(text, "a before b") || !strings.Contains(text, "not evidence") {
		t.Fatalf("%d\n%s", code, text)
	}
	for _, f := range []string{"summary.json", "summary_overall.csv", "breakdown.csv", "report.html", "plots/cdf_latency_overall.png"} {
		if _, err := os.Stat(filepath.Join(out, f)); err != nil {
			t.Error(err)
		}
	}
	if text, code = run("analyze", path); code != 2 || !strings.Contains(text, "--latency-column") {
		t.Errorf("%d\n%s", code, text)
	}
}
