package openai

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// vllm-0.24-eager.log and -captured.log are of real servers, their paths
// shortened. The other
// lines of testdata/logs are written after the texts that the releases'
// sources show, and logs that users of them published (vllm-project/vllm
// #40137, #31193, #29825; sgl-project/sglang #6201). The file's name has the
// release.
func TestLogsOfReleases(t *testing.T) {
	for name, want := range map[string]struct {
		kinds    map[string]int
		unknown  int
		identity map[string]string
	}{
		"vllm-0.11.log": {map[string]int{"compile": 1, "capture": 1, "start": 1, "preempt": 1, "throughput": 1}, 2,
			map[string]string{"dtype": "bfloat16", "eager": "false", "tensor parallel": "2", "prefix caching": "true"}},
		"vllm-2026.log": {map[string]int{"start": 1, "monitor": 1, "jit": 1, "step": 1, "graphs": 1}, 1,
			map[string]string{"capture sizes": "[1, 2, 4, 8, 16]"}},
		"vllm-0.24-eager.log": {map[string]int{"monitor": 1, "start": 1, "step": 4, "access": 3, "traceback": 3, "error": 1, "jit": 2}, 8,
			map[string]string{"capture sizes": "[]", "largest captured": "0", "eager": "true", "dtype": "bfloat16", "most requests": "16", "async scheduling": "true", "graph mode": "none", "model": ""}},
		"vllm-0.24-captured.log": {map[string]int{"compile": 1, "capture": 1, "monitor": 1, "start": 1, "jit": 3, "step": 2, "access": 3, "throughput": 1}, 5,
			map[string]string{"capture sizes": "[1, 2, 4]", "largest captured": "4", "eager": "false", "graph mode": "full_and_piecewise", "most requests": "16"}},
		"sglang-0.4.log": {map[string]int{"capture": 1, "prefill": 1, "step": 1, "retract": 1, "access": 1}, 2,
			map[string]string{"largest captured": "8", "eager": "false", "model": "meta/llama", "tensor parallel": "2", "prefix caching": "false"}},
		"sglang-0.5.log": {map[string]int{"capture": 1, "prefill": 1, "step": 2, "retract": 1}, 1,
			map[string]string{"capture sizes": "[1, 2, 4, 8]", "eager": "false", "dtype": "bfloat16", "prefix caching": "true"}},
		"tgi-2.0.log": {map[string]int{"start": 4}, 1, map[string]string{"capture sizes": "[1, 2, 4, 8]"}},
		"tgi-3.3.log": {map[string]int{"start": 2, "graphs off": 1}, 1, map[string]string{"capture sizes": "[32, 16, 8, 4, 2, 1]"}},
		"tei-1.2.log": {map[string]int{"start": 2}, 1, nil},
		"tei-1.8.log": {map[string]int{"start": 4}, 1, nil},

		"triton-23.10.log": {map[string]int{"start": 3}, 1, nil},
		"triton-25.02.log": {map[string]int{"start": 3, "load failed": 1}, 0, nil},
	} {
		text := must.Get(os.ReadFile(filepath.Join("testdata", "logs", name)))(t)
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
	if l, _ := ReadLog("[jit_monitor.py:98] Triton autotune/warmup candidate JIT compilation during inference: fused_moe (key=('*fp32', 16))."); l.Reason != "Triton kernel fused_moe was compiled while serving" {
		t.Errorf("an autotune candidate: %+v", l)
	}
	if l, _ := ReadLog("Iteration(2): 0 context requests, 0 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 0.12 ms (dummy)"); !l.Steady {
		t.Error("a dummy step is not known")
	} else if _, ok := l.step(); ok {
		t.Error("a dummy step counts as a step")
	}
	l, _ := ReadLog("[x TP0] Decode batch, #running-req: 8, #full token: 685000, accept len: 2.50, accept rate: 0.69, cuda graph: True, gen throughput (token/s): 1000.00, #queue-req: 0")
	if st, ok := l.step(); !ok || st != (logStep{tokens: 8, ms: 20, graph: "True"}) || l.Values["waiting"] != "0" {
		t.Errorf("with speculative decoding: %+v", st)
	}
	l, _ = ReadLog("[x] Decode batch. #running-req: 48, #token: 1, cuda graph: False, gen throughput (token/s): 1200.00, #queue-req: 0,")
	if st, ok := l.step(); !ok || st != (logStep{tokens: 48, ms: 40, graph: "False"}) {
		t.Errorf("%+v", st)
	}
	l, _ = ReadLog("(EngineCore pid=7) INFO [core.py:452] Iteration(3): 5 context requests, 126 context tokens, 1 generation requests, 1 generation tokens, iteration elapsed time: 0.03 ms")
	if st, ok := l.step(); !ok || st.tokens != 127 || !st.mixed {
		t.Errorf("a step that reads prompts: %+v", st)
	}
}
