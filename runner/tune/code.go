package tune

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// code is the pick as a few lines of the framework's own.
func code(res *Result, cfg *configs.Config, l *protocol.Loaded) string {
	st, err := plan.ParseStrategy(res.Strategy)
	if err != nil {
		return ""
	}
	lines := []string{"# " + res.Strategy}
	if pad := lengths(st, cfg, res.Edges); pad != "" {
		lines = append(lines, pad)
	}
	if cfg.Engine == "torch" {
		lines = append(lines, torchCode(st, cfg)...)
	} else {
		lines = append(lines, ortCode(st, cfg, l)...)
	}
	return strings.Join(lines, "\n") + "\n"
}

// lengths is the line that names the lengths to which prompts are padded.
func lengths(st plan.Strategy, cfg *configs.Config, edges []int) string {
	switch {
	case st.Prefill == "padded":
		edges = nil
		for _, sc := range cfg.Scenarios {
			edges = append(edges, plan.PadTo(sc))
		}
		slices.Sort(edges)
		edges = slices.Compact(edges)
	case st.Prefill != "bucketed":
		return ""
	case len(edges) == 0:
		return "edges = [2**k for k in range(16)]  # pad each prompt on the left to the next of these, mask 0, positions from the mask"
	}
	return fmt.Sprintf("edges = [%s]  # pad each prompt on the left to the next of these, mask 0, positions from the mask", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(edges)), ", "), "[]"))
}

func torchCode(st plan.Strategy, cfg *configs.Config) []string {
	mode := cfg.Torch.Mode
	if mode == "" {
		mode = "reduce-overhead"
	}
	if cfg.Torch.Backend == "aoti" {
		return []string{"import torch", "package = torch._inductor.aoti_compile_and_package(torch.export.export(model, (), inputs))  # one for each set of sizes",
			"run = torch._inductor.aoti_load_package(package)  # run(**inputs)"}
	}
	dynamic := "False"
	if st.Prefill == "dynamic" && (st.Decode == "dynamic" || st.Decode == "eager") {
		dynamic = "True"
	}
	out := []string{"import torch"}
	if st.Prefill != "eager" {
		out = append(out, fmt.Sprintf("prefill = torch.compile(model.forward, mode=%q, dynamic=%s)", mode, dynamic))
	}
	if st.Prefill == string(stats.Chunked) {
		out = append(out, fmt.Sprintf("# a prompt goes through in pieces of %d tokens, padded on the left, each prefill(piece, past_key_values=cache, cache_position=its places) over a StaticCache", plan.NewShaper(cfg, st).Exec(1, 0)[1]))
	}
	switch st.Decode {
	case "eager":
	case "static-cache":
		out = append(out, "from transformers import StaticCache", "cache = StaticCache(config=model.config, max_cache_len=LONGEST)  # one shape for every step",
			fmt.Sprintf("step = torch.compile(model.forward, mode=%q, dynamic=False)  # step(token, past_key_values=cache, cache_position=p)", mode),
			"# before each step: torch.compiler.cudagraph_mark_step_begin()")
	default:
		out = append(out, fmt.Sprintf("step = torch.compile(model.forward, mode=%q, dynamic=%s)", mode, map[bool]string{true: "True", false: "False"}[st.Decode == "dynamic"]))
	}
	for k, v := range cfg.Options {
		out = append(out, fmt.Sprintf("# %s = %s: an option of tailscope's engine, see docs/torch.md", k, v))
	}
	return out
}

func ortCode(st plan.Strategy, cfg *configs.Config, l *protocol.Loaded) []string {
	provider := configs.ProviderOf("cpu").ORT
	if r := configs.ProviderOf(l.Provider); r != nil && r.ORT != "" {
		provider = r.ORT
	}
	threads := ""
	if cfg.Threads > 0 && l.Provider == "cpu" {
		threads = fmt.Sprintf("    so.intra_op_num_threads = %d", cfg.Threads)
	}
	fixed := "    for name, size in sizes.items():  # of " + strings.Join(l.Model.Dims, ", ")
	out := []string{"import onnxruntime as ort", "def session(**sizes):  # one for each length that is executed, kept; none fixed: any length",
		"    so = ort.SessionOptions()", "    so.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL"}
	if threads != "" {
		out = append(out, threads)
	}
	out = append(out, fixed, "        so.add_free_dimension_override_by_name(name, size)",
		fmt.Sprintf("    return ort.InferenceSession(%q, so, providers=[%q])", cfg.Model, provider))
	if st.Decode == "kv-bucketed" {
		out = append(out, "# decode: keep the cache at one length, the next power of two in which prompt and new tokens fit, padded and masked on the left")
	}
	return out
}
