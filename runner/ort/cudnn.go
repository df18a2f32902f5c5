package ort

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// searches reports whether cuDNN looks for the fastest algorithm of each
// convolution anew for each shape: what the CUDA provider has it do unless told
// otherwise.
func (p provider) searches() bool {
	return p.name == "cuda" && p.options["cudnn_conv_algo_search"] != "HEURISTIC" && p.options["cudnn_conv_algo_search"] != "DEFAULT"
}

// noteSearch says of the first run of a shape on a session that it holds
// cuDNN's search, the CUDA provider's own tax on shapes.
func (e *engine) noteSearch(l *lane, r *protocol.Request, o *outcome) {
	convs := e.model.Info.Operators["Conv"]
	if convs == 0 || !e.maker.provider.searches() || o.forward == nil {
		return
	}
	s := o.forward.s
	if s.searched[o.sample.shape] {
		return
	}
	if s.searched == nil {
		s.searched = map[string]bool{}
	}
	s.searched[o.sample.shape] = true
	ev := about(stats.KindShapeNew, r, l.name, label(r), o.sample.shape)
	ev.TNs, ev.DurNs = now(), o.sample.wallNs-o.sample.compileNs
	ev.Reason = fmt.Sprintf("%s: cuDNN searches the fastest algorithm of each of %d convolutions for this shape; --option cuda.cudnn_search=HEURISTIC takes its guess instead", o.sample.shape, convs)
	l.pending = append(l.pending, ev)
}
