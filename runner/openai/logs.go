package openai

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// logRule is one kind of line that a server's log may hold. Names of groups
// in the pattern go into the event's extra; the group s is a duration in
// seconds, ms one in milliseconds.
type logRule struct {
	of, what string
	re       *regexp.Regexp
	kind     stats.Kind
	says     string         // with $name for a group
	more     *regexp.Regexp // further groups, wherever in the line they stand
	steady   bool           // a line of every step: its figures are used, it is no event
}

func rule(of, what, re string, kind stats.Kind, says string) logRule {
	return logRule{of: of, what: what, re: regexp.MustCompile(re), kind: kind, says: says}
}

// logRules are tried in order. They match loosely: texts change between
// releases. fixtures in testdata/logs hold lines of two releases each.
var logRules = []logRule{
	rule("vllm", "jit", `Triton (?:kernel|autotune/warmup candidate) JIT compilation (?:during inference|while serving)[^:]*: *(?P<kernel>[\w.]+)`, stats.KindCompile, "Triton kernel $kernel was compiled while serving"),
	rule("vllm", "jit", `JIT[- ]compil\w+ .*during inference.*?(?P<kernel>[\w.]+_kernel\w*)`, stats.KindCompile, "kernel $kernel was compiled while serving"),
	rule("vllm", "monitor", `[Kk]ernel JIT monitor(?:ed)? ?activated`, stats.KindMark, "the server watches for JIT compiles"),
	rule("vllm", "compile", `torch\.compile took (?P<s>[\d.]+) ?s`, stats.KindMark, "the server's torch.compile took $s s"),
	rule("vllm", "capture", `Graph capturing finished in (?P<s>[\d.]+) secs?, took (?P<gib>[\d.]+) GiB`, stats.KindMark, "graphs captured in $s s, $gib GiB"),
	rule("vllm", "start", `init engine .*took (?P<s>[\d.]+) s(?:econds)?`, stats.KindMark, "the engine started in $s s"),
	rule("vllm", "preempt", `[Pp]reempt(?:ed|ion)|is preempted by`, stats.KindMark, "a request was preempted"),
	rule("sglang", "capture", `Capture cuda graph end\. Time elapsed: (?P<s>[\d.]+\d) s\.?(?: mem usage=(?P<gib>[\d.]+) GB)?`, stats.KindMark, "graphs captured in $s s"),
	rule("sglang", "retract", `(?:KV cache pool is full|Decode out of memory happened).*[Rr]etract`, stats.KindMark, "requests were retracted: the KV cache is full"),
	rule("tgi", "graphs off", `Cuda Graphs are disabled`, stats.KindMark, "the server runs without CUDA graphs"),
	rule("tgi", "graphs off", `Decode cuda graph warmup failed`, stats.KindMark, "no CUDA graphs: their warm-up failed"),
	rule("triton", "load failed", `failed to load '(?P<model>[^']+)'`, stats.KindError, "model $model did not load"),
	rule("trtllm", "capture", `CUDA graph .*captur(?:ed|ing).*batch size (?P<size>\d+)`, stats.KindGraphCapture, "graph captured for batch size $size"),
	rule("torch", "recompile", `Recompiling function (?P<function>\S+)`, stats.KindRecompile, "function $function is compiled again"),
	rule("torch", "limit", `torch\._dynamo hit config\.(?:recompile|cache_size)_limit`, stats.KindLimitReached, "the recompile limit is reached: new shapes run eager"),
	rule("", "error", `(?:CUDA out of memory|OutOfMemoryError)`, stats.KindError, "the server is out of device memory"),
	rule("vllm", "error", `\bERROR\b [^\]]*\] (?P<error>\w+(?:Error|Exception): .{1,160})`, stats.KindError, "the server logged $error"),
	{of: "vllm", what: "traceback", steady: true, re: regexp.MustCompile(`\bERROR\b [^\]]*\] (?:Traceback \(|\s|Error in )`)},
	{of: "vllm", what: "throughput", steady: true, re: regexp.MustCompile(`Engine \d+: Avg prompt throughput`)},
	{of: "", what: "access", steady: true, re: regexp.MustCompile(`"[A-Z]+ \S+ HTTP/\d(?:\.\d)?" \d{3}`)},
	{of: "vllm", what: "step", steady: true, re: regexp.MustCompile(`Iteration\(\d+\): (?P<context>\d+) context requests, (?P<context_tokens>\d+) context tokens, (?P<requests>\d+) generation requests, (?P<tokens>\d+) generation tokens, iteration elapsed time: (?P<ms>[\d.]+) ms(?P<dummy> \(dummy\))?`)},
	{of: "vllm", what: "graphs", steady: true, re: regexp.MustCompile(`(?:^|\] )\s*\| *(?P<unpadded>\d+) *\| *(?P<padded>\d+) *\| *(?P<paddings>\d+) *\| *(?P<mode>FULL|PIECEWISE|NONE)\w* *\| *(?P<count>\d+)`)},
	{of: "sglang", what: "step", steady: true, re: regexp.MustCompile(`Decode batch[.,].*?#running-req: (?P<requests>\d+).*?gen throughput \(token/s\): (?P<rate>[\d.]+)`),
		more: regexp.MustCompile(`accept len: (?P<accept>[\d.]+)|(?:cuda|npu|cpu) graph: (?P<graph>True|False)|#queue-req: (?P<waiting>\d+)`)},
	{of: "sglang", what: "prefill", steady: true, re: regexp.MustCompile(`Prefill batch[.,] .*?#new-seq: \d+, #new-token: (?P<context_tokens>\d+)`)},
	{of: "tgi", what: "start", steady: true, re: regexp.MustCompile(`text_generation_(?:launcher|router\S*): .*(?:Cuda Graphs are|Setting max batch total tokens|Warming up model|Connected$)`)},
	{of: "tei", what: "start", steady: true, re: regexp.MustCompile(`text_embeddings_\w+(?:::\w+)*: .*(?:Starting (?:model|\w+ server)|Warming up model|Maximum number of tokens|Ready$)`)},
	{of: "triton", what: "start", steady: true, re: regexp.MustCompile(`(?:server|model_lifecycle|http_server|grpc_server)\.cc:\d+\] "?(?:Started \w+Service|successfully loaded|loading:)`)},
	{of: "trtllm", what: "step", steady: true, re: regexp.MustCompile(`iter = (?P<iter>\d+).*host_step_time = (?P<ms>[\d.]+)ms.*num_scheduled_requests: (?P<requests>\d+).*num_generation_tokens'?: (?P<tokens>\d+)`)},
}

// LogLine is what a line of a log says.
type LogLine struct {
	Of, What string
	Kind     stats.Kind
	Reason   string
	DurNs    int64
	Values   map[string]string
	Steady   bool
}

// ReadLog reads one line; ok is false for a line that no rule knows.
func ReadLog(line string) (l LogLine, ok bool) {
	for _, r := range logRules {
		m := r.re.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		l = LogLine{Of: r.of, What: r.what, Kind: r.kind, Steady: r.steady, Values: map[string]string{}}
		l.take(r.re, m)
		if r.more != nil {
			for _, m := range r.more.FindAllStringSubmatch(line, 8) {
				l.take(r.more, m)
			}
		}
		l.Reason = expand(r.says, l.Values)
		for unit, ns := range map[string]float64{"s": 1e9, "ms": 1e6} {
			if v, err := strconv.ParseFloat(l.Values[unit], 64); err == nil {
				l.DurNs = int64(v * ns)
			}
		}
		return l, true
	}
	return l, false
}

// take keeps what the groups of a match hold.
func (l *LogLine) take(re *regexp.Regexp, m []string) {
	for i, name := range re.SubexpNames() {
		if name != "" && m[i] != "" {
			l.Values[name] = m[i]
		}
	}
}

// expand puts values in the place of $name.
func expand(says string, values map[string]string) string {
	for name, v := range values {
		says = strings.ReplaceAll(says, "$"+name, v)
	}
	return says
}

// configKeys are settings that servers print when they start.
var configKeys = regexp.MustCompile(`\b(enforce_eager|disable_cuda_graph|cudagraph_capture_sizes|cuda_graph_bs|cuda_graph_max_bs|max_cudagraph_capture_size|cudagraph_mode|max_num_seqs|max_running_requests|async_scheduling|enable_prefix_caching|disable_radix_cache|tensor_parallel_size|tp_size|dtype|quantization|model_path|speculative_config)['"]?\s*[=:]\s*(\[[^\]]*\]|\{[^}]*\}|<\w+\.\w+[^>]*>|'[^']*'|"[^"]*"|[^,\s)}]+)`)

// pythonEnum is how Python prints one of an enumeration: <CUDAGraphMode.NONE: 0>.
var pythonEnum = regexp.MustCompile(`^<\w+\.(\w+)`)

// tgiSizes is how text-generation-inference says which sizes it captures.
var tgiSizes = regexp.MustCompile(`Cuda Graphs are enabled for sizes (\[[^\]]*\])`)

// LearnFromLog picks settings out of a line of the start of a log.
func (s *Server) LearnFromLog(line string) {
	if strings.Contains(line, "Asynchronous scheduling is enabled") {
		s.note("async_scheduling", "true")
	}
	if m := tgiSizes.FindStringSubmatch(line); m != nil {
		s.note("cuda_graph_bs", m[1])
	}
	for _, m := range configKeys.FindAllStringSubmatch(line, 16) {
		value := strings.Trim(m[2], `'"`)
		if enum := pythonEnum.FindStringSubmatch(value); enum != nil {
			value = strings.ToLower(enum[1])
		}
		if value == "None" && strings.Contains(m[1], "cudagraph") {
			continue // not decided yet: the engine's own line says it
		}
		s.note(m[1], value)
	}
}

// logStep is one step of a server, from its log.
type logStep struct {
	tokens int     // of all requests together
	ms     float64 // 0: the line does not say
	graph  string  // True, False, or nothing said
	mixed  bool    // prompts were read as well: no size of decoding alone
}

// step reads a line of one step.
func (l LogLine) step() (logStep, bool) {
	if !l.Steady || l.What != "step" || l.Values["dummy"] != "" {
		return logStep{}, false
	}
	tokens, err := strconv.Atoi(cmp.Or(l.Values["tokens"], l.Values["requests"]))
	if err != nil {
		return logStep{}, false
	}
	context, _ := strconv.Atoi(l.Values["context_tokens"])
	ms, _ := strconv.ParseFloat(l.Values["ms"], 64)
	if rate, err := strconv.ParseFloat(l.Values["rate"], 64); err == nil && rate > 0 { // tokens a second: of a request and step one, or as many as were accepted
		accepted, err := strconv.ParseFloat(l.Values["accept"], 64)
		if err != nil {
			accepted = 1
		}
		ms = 1e3 * float64(tokens) * accepted / rate
	}
	return logStep{tokens: tokens + context, ms: ms, graph: l.Values["graph"], mixed: context > 0}, true
}
