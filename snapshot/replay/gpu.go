package replay

import (
	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/view"
)

// gpuPast is the last reading and the small charts behind it.
type gpuPast struct {
	last *gpu.State
	past gpu.History
}

func (g *gpuPast) take(t gpu.State) {
	g.last = &t
	g.past.Take(t)
}

func (g *gpuPast) view(now int64) view.GPU {
	switch {
	case g.last == nil:
		return view.GPU{State: gpu.State{Why: "no GPU reading up to here"}}
	case g.last.Why != "":
		return view.GPU{State: gpu.State{Why: g.last.Why, Index: g.last.Index}}
	}
	return view.GPU{State: *g.last, History: g.past, AgeNs: now - g.last.TNs}
}
