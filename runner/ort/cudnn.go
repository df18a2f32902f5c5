package ort

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// noteSearch says of a run that holds cuDNN's search, the CUDA provider's own
// tax on shapes: a session searches anew whenever its shape is not that of the
// run before, also for one that it had earlier.
func (e *engine) noteSearch(l *lane, r *protocol.Request, o *outcome) {
	convs := e.model.Info.Operators["Conv"]
	if convs == 0 || !e.maker.Provider.Searches() || o.forward == nil {
		return
	}
	s, shape := o.forward.s, o.sample.shape
	before := s.Searched
	if s.Searched = shape; before == shape {
		return
	}
	if before == "" {
		before = "none"
	}
	ev := l.note(stats.KindShapeNew, r, shape, fmt.Sprintf("shape %s → %s: cuDNN searches the fastest algorithm of each of %d convolutions whenever a session's shape changes; --option cuda.cudnn_search=HEURISTIC takes its guess, a session for each shape searches once", before, shape, convs))
	ev.DurNs = o.sample.wallNs - o.sample.compileNs
}
