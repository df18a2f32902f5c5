package runner

import (
	"fmt"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/limit"
)

// maxWork bounds the kinds of requests whose bounds are kept.
const maxWork = 1 << 16

// limits knows the bound of each kind of request: what the engine said of its
// work, over what the device was measured to do.
type limits struct {
	roof  *limit.Roof // nil: not known, or not believed
	ideal float64     // bytes a second: memory clock × bus width; 0: not known
	kinds map[workKind]limit.Bound
}

// workKind is what requests of the same work have in common.
type workKind struct {
	lane        stats.Lane
	mode        stats.Mode
	shape       string
	tokens, new int
}

// loaded takes what an engine knows of its device; its requests are told anew.
func (l *limits) loaded(m *protocol.Loaded) {
	*l = limits{ideal: l.ideal, kinds: map[workKind]limit.Bound{}}
	if m.Roof.Known() {
		l.roof = m.Roof
	}
}

// learn takes the work of one kind of request. What cannot be is not known.
func (l *limits) learn(m *protocol.Work) error {
	lane, err := stats.ParseLane(m.Lane)
	if err != nil {
		return err
	}
	mode, err := stats.ParseMode(m.Mode)
	if err != nil {
		return err
	}
	if l.roof == nil || len(l.kinds) >= maxWork || !possible(m.Passes) {
		return nil
	}
	l.kinds[workKind{lane, mode, clip(m.Shape, maxName), m.Tokens, m.NewTokens}] = l.roof.Bound(m.Passes)
	return nil
}

// possible reports whether there is work, and none of it negative or beyond measure.
func possible(passes []limit.Pass) bool {
	const most = 1e21
	for _, p := range passes {
		for _, v := range []float64{p.Times, p.Natural.Bytes, p.Natural.Ops, p.Executed.Bytes, p.Executed.Ops} {
			if !(v >= 0 && v < most) {
				return false
			}
		}
		if p.Natural.Bytes == 0 {
			return false
		}
	}
	return len(passes) > 0
}

// set gives a sample its bound, where it is known.
func (l *limits) set(smp *stats.Sample, it *plan.Item) {
	if l.roof == nil || smp.Failed {
		return
	}
	k := workKind{smp.Lane, smp.Mode, smp.Shape, it.Tokens, it.NewTokens}
	if smp.Mode == stats.Forward {
		k.tokens = 0
	}
	if !smp.Mode.Times(stats.DecodePhase) {
		k.new = 0
	}
	if b, ok := l.kinds[k]; ok {
		smp.BoundNs, smp.BoundComputeNs, smp.PaddingNs = int64(b.Ns), int64(b.Compute), int64(b.Padding)
	}
}

// A measured read rate above or far below what the driver's clock and bus
// width allow was not of this device, or disturbed.
const (
	mostOfIdeal  = 1.02
	leastOfIdeal = 0.5
)

// check holds what was measured against the driver's figures; it returns a
// sentence where they do not fit. A rate that cannot be is not used.
func (l *limits) check(st *gpu.State) string {
	if l.roof == nil || l.ideal > 0 || !(st.MemClockMaxMHz.OrNaN()*st.MemBusBits.OrNaN() > 0) {
		return ""
	}
	l.ideal = 2 * st.MemClockMaxMHz.Value * 1e6 * st.MemBusBits.Value / 8
	share := l.roof.Memory() / l.ideal
	says := fmt.Sprintf("the device reads %.2f TB/s as measured, %.0f %% of the %.2f TB/s that its memory clock × bus width give",
		l.roof.Memory()/1e12, 100*share, l.ideal/1e12)
	switch {
	case share > mostOfIdeal:
		l.roof = nil
		return says + ": no limit is shown"
	case share < leastOfIdeal:
		return says + ": the limit may be too low, the device was busy or shared when it was measured"
	}
	return ""
}
