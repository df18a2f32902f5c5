package onnxmodel

import "github.com/tailscope/tailscope/runner/onnxmodel/build"

// Graphs for graph capture. WebGPU records dispatches of shaders and nothing
// else: a Reshape whose result is a graph output copies a buffer, the copy is
// not recorded, and every replay leaves the first answer in that output. So a
// graph that is to be captured ends in an operator that computes: a Concat of
// one input, which no optimisation removes.

// viewOps give their input under another shape: by a copy of the buffer where
// the result may not share it, as a graph output may not.
var viewOps = map[string]bool{
	"Reshape": true, "Squeeze": true, "Unsqueeze": true, "Flatten": true, "Identity": true, "Dropout": true, "Cast": true,
}

// guard makes the logits, and each present that is a view, outputs of a
// Concat. Logits always: optimisation wraps the last product in Reshapes.
// What edit renames already is computed by a node of its own.
func (t *tailBuilder) guard(g *graph, r roles, edit *portEdit) {
	views := map[string]bool{r.logits.Name: true}
	for _, n := range g.nodes {
		for _, out := range n.out {
			views[out] = views[out] || viewOps[n.op]
		}
	}
	for _, p := range append([]*Port{r.logits}, ports(r.present)...) {
		if p == nil || !views[p.Name] || edit.rename[p.Name] != "" {
			continue
		}
		out := "tailscope." + p.Name
		t.named(out, "Concat", []string{p.Name}, build.AttrInt("axis", 0))
		edit.rename[p.Name] = out
	}
}
