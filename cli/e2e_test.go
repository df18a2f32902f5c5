//go:build unix

package cli_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
)

// TestControlledRunIsConsistent runs TR120's prefill preset and checks the
// files against each other.
func TestControlledRunIsConsistent(t *testing.T) {
	out := t.TempDir()
	_, stderr, code := run(t, "run", "--config", "root_cause_prefill_only", "--seed", "7", "--out", out)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	dir := sessionDir(t, out)
	rows := readCSV(t, filepath.Join(dir, "prefill", "metrics.csv"))
	checkPercentiles(t, dir, rows, 2*6*5)
	checkCompiles(t, dir, rows)
}

// checkPercentiles recomputes every percentile of summary.json from the rows;
// least is how many there must be.
func checkPercentiles(t *testing.T, dir string, rows []row, least int) {
	t.Helper()
	sum := readJSON(t, filepath.Join(dir, "prefill", "analysis", "summary.json"))
	checked := 0
	for _, g := range sum["groups"].([]any) {
		g := g.(map[string]any)
		var v []float64
		for _, r := range rows {
			if r["is_warmup"] == "true" || r["is_warmup"] == "1" || r["status"] != "ok" || r["lane"] != g["lane"] ||
				g["scenario"] != "*" && r["scenario"] != g["scenario"] || g["segment"] != "*" && r["segment"] != fmt.Sprint(g["segment"]) {
				continue
			}
			x := must.Get(strconv.ParseFloat(r["latency_ms"], 64))(t)
			v = append(v, x)
		}
		if int(g["n"].(float64)) != len(v) {
			t.Fatalf("group %v %v %v: n %v, rows %d", g["lane"], g["scenario"], g["segment"], g["n"], len(v))
		}
		for key, p := range map[string]float64{"p50_ms": 50, "p90_ms": 90, "p95_ms": 95, "p99_ms": 99, "p999_ms": 99.9} {
			want := percentile(v, p)
			if got, ok := g[key].(float64); !ok || math.Abs(got-want) > 1e-9*want {
				t.Errorf("%v %v %s: summary %v, recomputed %v", g["lane"], g["scenario"], key, g[key], want)
			}
			checked++
		}
	}
	if checked < least {
		t.Fatalf("only %d percentiles were there to check", checked)
	}
}

func checkCompiles(t *testing.T, dir string, rows []row) {
	t.Helper()
	limit := int(readJSON(t, filepath.Join(dir, "manifest.json"))["settings"].(map[string]any)["recompile_limit"].(float64))
	shapes, withCost := map[string]bool{}, 0
	for _, r := range rows {
		cost, _ := strconv.ParseFloat(r["compile_ms"], 64)
		if r["lane"] == "optimized" {
			shapes[r["executed_tokens"]] = true
		} else if cost != 0 {
			t.Errorf("the eager lane has a compile: %v", r)
		}
		if cost > 0 {
			withCost++
		}
	}
	compiles, reached := 0, 0
	for _, e := range readEvents(t, dir) {
		switch e["kind"] {
		case "compile", "recompile":
			compiles++
		case "limit_reached":
			reached++
		}
	}
	want := min(len(shapes), limit)
	if compiles != want || withCost != want {
		t.Errorf("%d compile events, %d rows with a compile's cost; %d distinct shapes, limit %d", compiles, withCost, len(shapes), limit)
	}
	if len(shapes) > limit && reached == 0 {
		t.Errorf("%d shapes pass the limit of %d, and no event says so", len(shapes), limit)
	}
}

func TestSamePlanForTheSameSeed(t *testing.T) {
	plan := func() []string {
		out := t.TempDir()
		_, stderr, code := run(t, "run", "--config", "root_cause_prefill_only", "--seed", "11", "--reps", "2", "--warmup", "1", "--out", out)
		if code != 0 {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		var v []string
		for _, r := range readCSV(t, filepath.Join(sessionDir(t, out), "prefill", "metrics.csv")) {
			v = append(v, strings.Join([]string{r["scenario"], r["prompt"], r["lane"], r["order"], r["tokens"], r["executed_tokens"], r["is_warmup"]}, " "))
		}
		return v
	}
	if a, b := plan(), plan(); len(a) == 0 || !slices.Equal(a, b) {
		t.Fatalf("the same seed gave two plans (%d and %d rows)", len(a), len(b))
	}
}

var counted = regexp.MustCompile(`\bn ([1-9][\d,.]*)`) // once where both lanes have as many

// liveScreen is the program on a screen of w×h where both lanes count, and the
// folder that its session goes into.
func liveScreen(t *testing.T, w, h int) (s *screen, cmd *exec.Cmd, out string) {
	t.Helper()
	out = t.TempDir()
	cmd = tailscope(t, "--provider", "cpu", "--out", out)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	s = newScreen(t, w, h, cmd)
	s.until("both lanes count", time.Minute, func(x string) bool { return counted.MatchString(x) })
	return s, cmd, out
}

// TestLiveScreen drives the real program by keys: both lanes count, a toggle
// starts a segment, an export is complete, and the terminal comes back.
func TestLiveScreen(t *testing.T) {
	s, _, out := liveScreen(t, 160, 48)
	s.keys("p")
	s.until("both lanes count in the padded segment", time.Minute, func(x string) bool {
		return strings.Contains(x, "padded · segment 1") && counted.MatchString(x)
	})
	s.keys("e")
	s.until("an export is announced", 2*time.Minute, func(x string) bool { return strings.Contains(x, "exported") })
	s.keys("?")
	s.until("help is shown", time.Minute, func(x string) bool { return strings.Contains(x, "padding") })
	s.keys("?")
	s.keys("q")
	if err := s.ended(2 * time.Minute); err != nil {
		t.Fatalf("quit: %v", err)
	}
	if !strings.Contains(string(s.raw), "\x1b[?1049l") {
		t.Error("the alternate screen was not left")
	}
	exports, _ := filepath.Glob(filepath.Join(out, "*_e1"))
	if len(exports) != 1 {
		t.Fatalf("exports: %v", exports)
	}
	for _, dir := range append(exports, strings.TrimSuffix(exports[0], "_e1")) {
		rows := readCSV(t, filepath.Join(dir, "prefill", "metrics.csv"))
		checkPercentiles(t, dir, rows, 2*4*5)
		segs := map[string]bool{}
		for _, r := range rows {
			segs[r["segment"]+r["strategy"]] = true
		}
		if !segs["0variable"] || !segs["1padded"] {
			t.Errorf("%s: segments %v", filepath.Base(dir), segs)
		}
	}
}

// TestWorkerKilled kills the worker with SIGKILL while it runs: it is
// restarted and no sample is lost.
func TestWorkerKilled(t *testing.T) {
	out := t.TempDir()
	cmd := tailscope(t, "run", "--provider", "cpu", "--out", out, "--reps", "20")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	must.OK(t, cmd.Start())
	measured(t, out, 20) // of some 200
	worker := childOf(t, cmd.Process.Pid)
	must.OK(t, syscall.Kill(worker, syscall.SIGKILL))
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	dir := sessionDir(t, out)
	kinds := map[string]int{}
	for _, e := range readEvents(t, dir) {
		kinds[e["kind"].(string)]++
	}
	if kinds["worker_exit"] != 1 || kinds["worker_restart"] != 1 || kinds["loaded"] != 2 {
		t.Fatalf("events: %v", kinds)
	}
	gens, seqs := map[string]int{}, map[string]bool{}
	for _, r := range readCSV(t, filepath.Join(dir, "prefill", "metrics.csv")) {
		gens[r["generation"]]++
		seqs[r["seq"]] = true
	}
	if gens["0"] == 0 || gens["1"] == 0 {
		t.Fatalf("samples by generation: %v", gens)
	}
	for i := range len(seqs) {
		if !seqs[strconv.Itoa(i)] {
			t.Fatalf("sample %d of %d is missing", i, len(seqs))
		}
	}
}

// childOf finds the worker of a running tailscope.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, p := range stats {
		b, err := os.ReadFile(p)
		if err != nil {
			continue
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(f) > 1 && f[1] == strconv.Itoa(pid) {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(p)))
			return child
		}
	}
	t.Fatalf("process %d has no child", pid)
	return 0
}

func TestUsageErrors(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.yaml")
	must.OK(t, os.WriteFile(bad, []byte("model: builtin:default\nstratgy: padded\n"), 0o644))
	notModel := filepath.Join(dir, "model.onnx")
	must.OK(t, os.WriteFile(notModel, []byte("this is not a model"), 0o644))
	locked := filepath.Join(dir, "file")
	must.OK(t, os.WriteFile(locked, nil, 0o644))
	for name, c := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"no terminal":   {[]string{}, 2, []string{"tailscope run"}},
		"unknown flag":  {[]string{"run", "--no-such"}, 2, []string{"--no-such"}},
		"unknown key":   {[]string{"run", "--config", bad}, 2, []string{"bad.yaml", "2", "stratgy", "strategy"}},
		"bad value":     {[]string{"run", "--strategy", "paded"}, 2, []string{"paded", "padded"}},
		"no preset":     {[]string{"run", "--config", "defualt"}, 2, []string{"default"}},
		"endless run":   {[]string{"run", "--duration", "0"}, 2, []string{"--duration"}},
		"not a model":   {[]string{"run", "--model", notModel, "--out", dir}, 2, []string{"model.onnx"}},
		"no such model": {[]string{"run", "--model", filepath.Join(dir, "none.onnx"), "--out", dir}, 2, []string{"none.onnx"}},
		"bad out":       {[]string{"run", "--out", filepath.Join(locked, "x"), "--duration", "1s"}, 1, []string{"file"}},
		"no library":    {[]string{"run", "--library", filepath.Join(dir, "none.so"), "--out", dir}, 1, []string{"none.so"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, stderr, code := run(t, c.args...)
			if code != c.code {
				t.Errorf("exit %d, want %d: %s", code, c.code, stderr)
			}
			for _, w := range c.want {
				if !strings.Contains(stderr, w) {
					t.Errorf("stderr lacks %q: %s", w, stderr)
				}
			}
			if strings.Contains(stderr, "goroutine ") || strings.Contains(stderr, "panic") {
				t.Errorf("a trace instead of a sentence: %s", stderr)
			}
		})
	}
}

// TestTerminalThatGoesAway closes the terminal under a live session: it ends
// by itself and its folder is finished.
func TestTerminalThatGoesAway(t *testing.T) {
	s, cmd, out := liveScreen(t, 100, 30)
	must.OK(t, syscall.Kill(cmd.Process.Pid, syscall.SIGHUP))
	_ = s.ended(2 * time.Minute) // a signal is no error, whatever the code
	checkPercentiles(t, sessionDir(t, out), readCSV(t, filepath.Join(sessionDir(t, out), "prefill", "metrics.csv")), 2*5)
}

// TestTerminalThatGoesAwayAfterAFailure closes the terminal over a session that
// has failed and waits for a key.
func TestTerminalThatGoesAwayAfterAFailure(t *testing.T) {
	s, cmd, out := liveScreen(t, 100, 30)
	must.OK(t, os.RemoveAll(sessionDir(t, out)))
	s.until("the session has failed", time.Minute, func(x string) bool { return strings.Contains(x, "FAILED") })
	must.OK(t, syscall.Kill(cmd.Process.Pid, syscall.SIGHUP))
	_ = s.ended(time.Minute)
}
