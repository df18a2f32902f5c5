package cli_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/openai/mock"
)

// attach runs tailscope attach --json and returns what it says.
func attach(t *testing.T, env []string, args ...string) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, tailscope(t).Path, append([]string{"attach", "--json", "--gpu-interval", "0", "--out", t.TempDir()}, args...)...)
	c.Env = append(os.Environ(), env...)
	out, err := c.Output()
	var j map[string]any
	if uerr := json.Unmarshal(out, &j); uerr != nil {
		t.Fatalf("%v, %v: %s", err, uerr, out)
	}
	return j
}

// says tells whether an event of the session says all the words.
func says(t *testing.T, j map[string]any, words ...string) bool {
	t.Helper()
	for _, e := range readEvents(t, j["dir"].(string)) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(e["reason"].(string), w)
		}
		if all {
			return true
		}
	}
	return false
}

func mockAt(t *testing.T, m *mock.Server) string {
	t.Helper()
	web := httptest.NewServer(m)
	t.Cleanup(web.Close)
	return web.URL
}

// TestAttachPairsTwoServers measures a server against one that is slower by a
// planted amount, with a key that must be in no file.
func TestAttachPairsTwoServers(t *testing.T) {
	fast := &mock.Server{TTFT: 10 * time.Millisecond, ITL: 2 * time.Millisecond, Info: map[string]any{"enforce_eager": false}}
	slow := &mock.Server{TTFT: 30 * time.Millisecond, ITL: 6 * time.Millisecond, Info: map[string]any{"enforce_eager": true}}
	j := attach(t, []string{"TAILSCOPE_API_KEY=sk-very-secret"}, mockAt(t, fast), mockAt(t, slow), "--reps", "2", "--warmup", "0",
		"--max-new-tokens", "8", "--concurrency", "2")
	asDocumented(t, "tailscope.run/1", maps.Clone(j), "summaries", "attach")
	if !says(t, j, "the servers differ in eager false / true") {
		t.Error("nothing says how they differ")
	}
	pairs := j["summaries"].(map[string]any)["e2e_kv"].(map[string]any)["pairs"].([]any)
	p := pairs[0].(map[string]any)
	if d := p["median_diff_ms"].(float64); p["n"].(float64) < 10 || d > -30 || p["share_won"].(float64) < 0.9 {
		t.Errorf("%v", p)
	}
	if fast.Peak > 2 || slow.Peak > 2 {
		t.Errorf("%d and %d requests at once, want 2", fast.Peak, slow.Peak)
	}
	_ = filepath.WalkDir(j["dir"].(string), func(path string, d fs.DirEntry, err error) error {
		if b, rerr := os.ReadFile(path); rerr == nil && strings.Contains(string(b), "very-secret") {
			t.Errorf("the key stands in %s", path)
		}
		return err
	})
}

// TestAttachOneServer measures one server under faults: what fails is an
// error, the rest is measured, and one URL twice is an A/A.
func TestAttachOneServer(t *testing.T) {
	m := &mock.Server{TTFT: 2 * time.Millisecond, ITL: time.Millisecond, Fault: func(n int) mock.Fault {
		return map[int]mock.Fault{5: mock.Cut, 7: mock.TooMany, 9: mock.Broken, 11: mock.Reset, 13: mock.Clumped}[n]
	}}
	url := mockAt(t, m)
	j := attach(t, nil, url, "--reps", "3", "--warmup", "0", "--max-new-tokens", "8", "--concurrency", "4")
	if n := kinds(t, j)["error"]; n != 4 {
		t.Errorf("%d errors, want 4", n)
	}
	j = attach(t, nil, url, url, "--reps", "1", "--warmup", "0", "--max-new-tokens", "4")
	if !says(t, j, "one server twice: an A/A") {
		t.Error("nothing says that it is an A/A")
	}
}

// TestAttachOnlyWatches sends nothing: what the server did comes from its
// metrics and its log.
func TestAttachOnlyWatches(t *testing.T) {
	m := &mock.Server{}
	m.SetMetrics("sglang:num_running_reqs 3\nsglang:cuda_graph_passes_total{mode=\"decode_none\"} 1\n")
	log := filepath.Join(t.TempDir(), "log")
	must.OK(t, os.WriteFile(log, []byte("disable_cuda_graph=False, cuda_graph_bs=[1, 2]\n"), 0o600))
	go func() {
		for m.Scraped() < 3 { // it is watched, however long that took
			time.Sleep(20 * time.Millisecond)
		}
		m.SetMetrics("sglang:num_running_reqs 3\nsglang:num_queue_reqs 2\nsglang:cuda_graph_passes_total{mode=\"decode_none\"} 9\n")
		f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return
		}
		defer f.Close()
		_, _ = f.WriteString("Triton kernel JIT compilation during inference: _topk_kernel (x)\nwhat is this\n" +
			"Decode batch. #running-req: 3, #token: 1, cuda graph: False, gen throughput (token/s): 100.0, #queue-req: 2,\n")
	}()
	j := attach(t, nil, mockAt(t, m), "--no-load", "--log", log, "--duration", "4s")
	for _, words := range [][]string{{"8 decode passes ran without a CUDA graph"}, {"Triton kernel _topk_kernel was compiled while serving"},
		{"2 requests wait"}, {"1 of 3 lines of the log are of no kind that is known", "what is this"}, {"capture sizes", "--cuda-graph-bs 3"}} {
		if !says(t, j, words...) {
			t.Errorf("no event says %q", words)
		}
	}
	if n := j["samples"].(float64); n != 0 || len(m.Written()) != 0 {
		t.Errorf("%g samples, %d requests", n, len(m.Written()))
	}
}

// A path whose bytes are no UTF-8 would reach the worker as another: attach
// refuses it.
func TestAttachRefusesWhatTheWorkerCannotBeTold(t *testing.T) {
	if _, says, code := run(t, "attach", "http://127.0.0.1:1", "--duration", "1s", "--trace-dir", "/tmp/\xff"); code != 2 || !strings.Contains(says, "UTF-8") {
		t.Errorf("exit code %d: %s", code, says)
	}
}
