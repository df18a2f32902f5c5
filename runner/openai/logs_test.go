package openai

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The lines of testdata/logs are written after the texts that the releases'
// sources and issues show (vllm-project/vllm #40137, #31193, #29825;
// sgl-project/sglang #6201): no server was at hand to record.
func TestLogsOfReleases(t *testing.T) {
	for name, want := range map[string]struct {
		kinds    map[string]int
		unknown  int
		identity map[string]string
	}{
		"vllm-0.11.log": {map[string]int{"compile": 1, "capture": 1, "start": 1, "preempt": 1}, 3,
			map[string]string{"dtype": "bfloat16", "eager": "false", "tensor parallel": "2", "prefix caching": "true"}},
		"vllm-2026.log": {map[string]int{"start": 1, "monitor": 1, "jit": 1, "step": 1, "graphs": 1}, 1,
			map[string]string{"capture sizes": "[1, 2, 4, 8, 16]"}},
		"vllm-0.24.log": {map[string]int{"capture": 1, "monitor": 1, "jit": 2, "step": 2, "graphs": 2}, 4,
			map[string]string{"capture sizes": "[1, 2, 4]", "eager": "false", "dtype": "bfloat16"}},
		"sglang.log": {map[string]int{"capture": 1, "step": 2, "retract": 1}, 1,
			map[string]string{"capture sizes": "[1, 2, 4, 8, 16, 24, 32]", "largest captured": "32", "eager": "false", "model": "meta/llama"}},
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "logs", name))
		if err != nil {
			t.Fatal(err)
		}
		s, got, unknown := NewServer("x", "", "", 1), map[string]int{}, 0
		for line := range strings.Lines(string(text)) {
			s.LearnFromLog(line)
			if l, ok := ReadLog(strings.TrimRight(line, "\n")); ok {
				got[l.What]++
			} else {
				unknown++
			}
		}
		for what, n := range want.kinds {
			if got[what] != n {
				t.Errorf("%s: %d of %s, want %d", name, got[what], what, n)
			}
		}
		if unknown != want.unknown {
			t.Errorf("%s: %d unknown lines, want %d", name, unknown, want.unknown)
		}
		for k, v := range want.identity {
			if s.Identity[k] != v {
				t.Errorf("%s: %s is %q, want %q", name, k, s.Identity[k], v)
			}
		}
	}
	if l, _ := ReadLog("Iteration(2): 0 context requests, 0 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 0.12 ms (dummy)"); !l.Steady {
		t.Error("a dummy step is not known")
	} else if _, _, _, ok := l.step(); ok {
		t.Error("a dummy step counts as a step")
	}
	l, _ := ReadLog("[x] Decode batch. #running-req: 48, #token: 1, cuda graph: False, gen throughput (token/s): 1200.00, #queue-req: 0,")
	if tokens, ms, graph, ok := l.step(); !ok || tokens != 48 || ms != 40 || graph != "False" {
		t.Errorf("%d %g %s", tokens, ms, graph)
	}
}
