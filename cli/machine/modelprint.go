package machine

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/configs/tokens"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/stats"
)

func printModel(out io.Writer, i *onnxmodel.Info) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	defer w.Flush()
	row := func(k, v string) {
		if v != "" {
			fmt.Fprintf(w, "%s\t%s\n", k, v)
		}
	}
	row("model", i.Path)
	row("layout", layoutText(i))
	row("made by", i.Producer)
	row("opset", opsetText(i))
	row("size", fmt.Sprintf("%s, %s weights, %s", output.Size(i.Bytes), countText(i.Weights), cmp.Or(i.DType, "—")))
	for _, x := range i.ExternalFiles {
		row("weights in", fmt.Sprintf("%s (%s)", x.Name, output.Size(x.Bytes)))
	}
	row("sizes", lmText(i))
	row("dimensions", strings.Join(i.Dims, ", "))
	printPorts(w, "inputs", i.Inputs)
	printPorts(w, "outputs", i.Outputs)
	row("operators", operatorsText(i))
	printAllowed(w, "modes", i.Modes)
	for _, phase := range []string{"prefill", "decode", "forward"} {
		printAllowed(w, phase+" by", i.Strategies[phase])
	}
	if i.Tokenizer != "" {
		row("tokenizer", i.Tokenizer+tokenizerUse(i.Tokenizer))
	}
	for _, n := range i.Notes {
		row("note", n)
	}
}

// tokenizerUse says what a tokenizer.json is good for.
func tokenizerUse(path string) string {
	if _, err := tokens.Open(path); err != nil {
		return fmt.Sprintf(" (not used, prompts are token lengths: %s)", strings.TrimPrefix(err.Error(), path+": "))
	}
	return " (counts the tokens of text prompts; ids are drawn from the seed)"
}

func layoutText(i *onnxmodel.Info) string {
	s := map[string]string{
		onnxmodel.LayoutSingle: "one graph", onnxmodel.LayoutMerged: "merged decoder with use_cache_branch",
		onnxmodel.LayoutPair: "decoder_model.onnx and decoder_with_past_model.onnx",
	}[i.Layout]
	if i.Kind == onnxmodel.KindCausalLM {
		return "causal language model, " + s
	}
	return "any model, " + s
}

func opsetText(i *onnxmodel.Info) string {
	var parts []string
	for domain, v := range i.Opsets {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %d", domain, v)))
	}
	slices.Sort(parts)
	return fmt.Sprintf("%s (IR version %d)", strings.Join(parts, ", "), i.IRVersion)
}

func lmText(i *onnxmodel.Info) string {
	if i.Kind != onnxmodel.KindCausalLM {
		return ""
	}
	from := "from the graph"
	if i.Config != "" {
		from = "from the graph and config.json"
	}
	return fmt.Sprintf("%s layers, %s heads, %s of keys and values, head width %s, width %s, vocabulary %s, positions %s (%s)",
		sizeOrDash(i.Layers), sizeOrDash(i.Heads), sizeOrDash(i.KVHeads), sizeOrDash(i.HeadDim), sizeOrDash(i.Width), sizeOrDash(i.Vocab), sizeOrDash(i.MaxPositions), from)
}

// printPorts prints a list; more than maxPorts are cut, the number of all is said.
func printPorts(w io.Writer, label string, list []onnxmodel.Port) {
	const maxPorts = 12
	for n, p := range list {
		if n == maxPorts {
			fmt.Fprintf(w, "\t… %d in all; --json prints them\n", len(list))
			return
		}
		fmt.Fprintf(w, "%s\t%s\n", label, p)
		label = ""
	}
}

func operatorsText(i *onnxmodel.Info) string {
	names := slices.SortedFunc(maps.Keys(i.Operators), func(a, b string) int {
		return cmp.Or(cmp.Compare(i.Operators[b], i.Operators[a]), cmp.Compare(a, b))
	})
	s := fmt.Sprintf("%d nodes:", i.Nodes)
	for n, name := range names {
		if n == 12 {
			return s + fmt.Sprintf(" and %d kinds more", len(names)-n)
		}
		s += fmt.Sprintf(" %s %d", name, i.Operators[name])
	}
	return s
}

func printAllowed(w io.Writer, label string, list []onnxmodel.Allowed) {
	for _, a := range list {
		mark, why := "yes", ""
		switch {
		case a.Tried != "":
			mark, why = "yes, ", a.Tried
		case a.Name == stats.Forward.String(): // a graph that is nobody's may crash its runtime: only a worker loads it
			mark, why = "yes, ", "untried: 'tailscope run' tries sizes when it loads the model; --dim and --input give them"
		}
		if !a.OK {
			mark, why = "no: ", a.Why
		}
		fmt.Fprintf(w, "%s\t%-12s %s%s\n", label, a.Name, mark, why)
		label = ""
	}
}

func sizeOrDash(v int) string {
	if v == 0 {
		return "—"
	}
	return fmt.Sprint(v)
}

func countText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f billion", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f million", float64(n)/1e6)
	}
	return fmt.Sprint(n)
}
