package ort

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"

	"github.com/shirou/gopsutil/v4/mem"

	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
)

// Two computations on a device differ by rounding (half precision, TF32, the order
// of sums) with nothing wrong. Lanes that differ by more than the tolerance are
// therefore judged as PyTorch's own accuracy check does
// (torch._dynamo.utils.same): against a reference, the same model in float32 on the
// CPU (onnxmodel.Widen: no value in it is rounded to half precision on the way). The
// optimized lane is wrong when it is farther from it than
// farther times what the eager lane is, and a tenth of the tolerance.
const (
	farther        = 3
	mostReferences = 8 // a mode and strategy
)

// higher makes references when lanes differ for the first time.
type higher struct {
	e        *engine
	why      string             // there is none; "" there may be
	taken    map[string]int     // by mode and strategy
	innocent map[string]float64 // the largest distance of the lanes in which nothing was wrong
	sums     protocol.References
}

// judge says whether the optimized lane, d away from the eager one, is wrong, and
// why in a phrase. Where there is no reference it is.
func (e *engine) judge(r *protocol.Request, ref, opt *outcome, d float64) (wrong bool, why string) {
	if e.maker.Provider.Name == "cpu" || math.IsNaN(d) || math.IsInf(d, 0) {
		return true, ""
	}
	return e.higher.judge(e, r, ref, opt, d)
}

func (h *higher) judge(e *engine, r *protocol.Request, ref, opt *outcome, d float64) (wrong bool, why string) {
	if h.taken == nil {
		h.taken, h.innocent = map[string]int{}, map[string]float64{}
	}
	key := r.Mode + " " + label(r)
	if h.taken[key] >= mostReferences {
		return d > 2*h.innocent[key], fmt.Sprintf("; %d references were taken, of lanes up to %.3g apart with nothing wrong", mostReferences, h.innocent[key])
	}
	began := native.Now()
	eager, optimized, err := h.distances(e, r, ref, opt)
	h.sums.Ns += native.Now() - began
	if err != nil {
		h.sums.Why = "no reference: " + native.OneLine(err)
		return true, "; " + h.sums.Why
	}
	h.taken[key]++
	h.sums.N++
	wrong, why = fartherAway(eager, optimized, e.checks.tolerance)
	if !wrong {
		h.innocent[key] = max(h.innocent[key], d)
	}
	return wrong, why
}

// fartherAway judges by the lanes' distances from the reference.
func fartherAway(eager, optimized, tolerance float64) (wrong bool, why string) {
	return !(optimized <= max(farther*eager, tolerance/10)),
		fmt.Sprintf("; from the same model in float32 on the CPU the optimized lane is %.3g away, the eager lane %.3g", optimized, eager)
}

// distances of the lanes from the reference.
func (h *higher) distances(e *engine, r *protocol.Request, ref, opt *outcome) (eager, optimized float64, err error) {
	if err := h.make(e); err != nil {
		return 0, 0, err
	}
	if ref == nil {
		if ref, err = e.reference(r); err != nil {
			return 0, 0, err
		}
	}
	same := *r
	same.AA = false
	truth, err := h.e.reference(&same)
	if err != nil {
		return 0, 0, err
	}
	if eager, err = apart(truth, ref); err == nil {
		optimized, err = apart(truth, opt)
	}
	return eager, optimized, err
}

// apart is the distance of the outputs of two runs of a request.
func apart(ref, opt *outcome) (float64, error) {
	switch {
	case ref.forward != nil:
		d, n, err := forwardDistance(ref.forward, opt.forward)
		if err == nil && n == 0 {
			err = errNothing
		}
		return d, err
	case ref.gen != nil:
		return generationDistance(ref.gen, opt.gen)
	}
	return logitsDistance(ref.last, opt.last)
}

// make loads the model on the CPU beside the engine's own, where memory allows.
func (h *higher) make(e *engine) error {
	if h.e != nil {
		return nil
	}
	if h.why == "" {
		h.why = h.load(e)
	}
	if h.why != "" {
		return errors.New(h.why)
	}
	return nil
}

func (h *higher) load(e *engine) (why string) {
	need := 2 * e.model.Info.Bytes // a model in half precision grows
	if m, err := mem.VirtualMemory(); err == nil && need > int64(m.Available)/2 {
		return fmt.Sprintf("the model on the CPU, %d MB, does not fit beside this", need>>20)
	}
	l := e.load
	l.Provider, l.Device, l.Capture, l.Compile, l.Check, l.Swap, l.Beside = "cpu", 0, "off", "inline", 0, false, nil
	l.Options = nil
	path, err := onnxmodel.Widen(e.model.Info)
	if err != nil {
		return strings.TrimSuffix(err.Error(), ".")
	}
	l.Model = path
	other, _, err := newEngine(&l, newEmitter(protocol.NewWriter(io.Discard)), new(sync.Mutex))
	if err != nil {
		return strings.TrimSuffix(err.Error(), ".")
	}
	fmt.Fprintln(os.Stderr, "a reference in float32 on the CPU was loaded, to judge outputs that differ")
	h.e = other
	return ""
}

func (h *higher) close() {
	if h.e != nil {
		h.e.close()
		h.e = nil
	}
}

// report is what was taken; nil while nothing was.
func (h *higher) report() *protocol.References {
	if h.sums == (protocol.References{}) {
		return nil
	}
	r := h.sums
	return &r
}
