package ort

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Tolerances of the lanes' relative L2 distance.
const (
	tolerance     = 1e-3
	toleranceHalf = 2e-2
)

// checks compares the lanes' outputs, outside of timed regions.
type checks struct {
	share     float64
	tolerance float64
	seen      map[[3]string]bool // mode, strategy, shape that was compared
	sums      protocol.Checks
	skipped   string
}

// report is a copy: what was sent does not change any more.
func (c *checks) report() protocol.Checks {
	r := c.sums
	r.Modes = maps.Clone(r.Modes)
	r.Tolerance, r.Skipped = c.tolerance, c.skipped
	return r
}

// wanted says whether a request is compared: the first of a shape always,
// then a share of them, chosen by the request's number.
func (c *checks) wanted(r *protocol.Request, shape string) bool {
	if c.share <= 0 {
		c.skipped = "check is 0"
		return false
	}
	k := [3]string{r.Mode, label(r), shape}
	if !c.seen[k] {
		c.seen[k] = true
		return true
	}
	s := r.ID ^ 0x7461696c73636f70
	return float64(build.Splitmix64(&s)>>11)/(1<<53) < c.share
}

// note takes one comparison in.
func (c *checks) note(mode string, d float64, wrong bool) {
	m := protocol.ModeChecks{N: 1, MaxRelL2: d}
	if wrong {
		m.Failed = 1
	}
	if math.IsNaN(d) || math.IsInf(d, 0) {
		m.MaxRelL2 = math.MaxFloat64 // JSON knows neither
	}
	c.sums.Note(mode, m)
}

// check compares the lanes of a request that ran in both.
func (e *engine) check(r *protocol.Request, outs []*outcome) {
	var opt, ref *outcome
	why := ""
	for _, o := range outs {
		if o.sample.err != "" {
			return
		}
		if o.lane.id == stats.Optimized {
			opt = o
		} else {
			ref = o
		}
	}
	e.checkRecorded(r, outs)
	if opt == nil || !opt.unproven() && !e.checks.wanted(r, opt.sample.shape) {
		return
	}
	d, err := e.distance(r, ref, opt)
	if err == nil && opt.last != nil {
		if err = opt.last.fresh(); err == errStale {
			d, err = math.Inf(1), nil
			why = errStale.Error()
		}
	}
	if errors.Is(err, errNothing) {
		e.checks.skipped = err.Error()
		return
	}
	if errors.Is(err, errEvicted) {
		return
	}
	if err != nil {
		e.out.queue(&protocol.Error{Code: "internal", Message: fmt.Sprintf("compare the outputs of request %d: %v", r.ID, err)})
		return
	}
	e.dirty = true
	wrong, by := !(d <= e.checks.tolerance), "" // NaN is wrong
	if wrong && why == "" {
		wrong, by = e.judge(r, ref, opt, d)
	}
	e.checks.note(r.Mode, d, wrong)
	if !wrong {
		if by != "" {
			fmt.Fprintf(os.Stderr, "request %d: the lanes differ by %.3g, with nothing wrong%s\n", r.ID, d, by)
		}
		return
	}
	if len(opt.replays()) > 0 {
		const stale = "a replay answered other inputs than it was given"
		opt.sample.err = stale // its time is no win
		defer e.captureOff(opt.lane, r, opt.sample.shape, stale)
	}
	what := "the last logits differ"
	if opt.forward != nil {
		what = "an output differs"
	}
	if why == "" {
		why = fmt.Sprintf("%s from the eager lane's by %.3g relative L2, over %g", what, d, e.checks.tolerance) + by + e.quantises()
	}
	e.diverges(r, opt, d, why)
}

// diverges notes that a lane's outputs are d away from what they should be.
func (e *engine) diverges(r *protocol.Request, o *outcome, d float64, why string) {
	o.lane.note(stats.KindDivergence, r, o.sample.shape, why).Extra = map[string]any{"rel_l2": jsonFloat(d), "tolerance": e.checks.tolerance}
}

// quantises says why small differences of a model can be large ones.
func (e *engine) quantises() string {
	if e.model == nil || e.model.Info.Operators["DynamicQuantizeLinear"] == 0 {
		return ""
	}
	return "; the model quantises its activations as it runs: what one lane rounds up and the other down is a whole step apart"
}

// checkRecorded compares each lane's outputs with those that were recorded,
// once a set and lane, and reports a difference as a divergence of that lane.
func (e *engine) checkRecorded(r *protocol.Request, outs []*outcome) {
	for _, o := range outs {
		k := [3]string{"recorded", o.lane.name, fmt.Sprint(r.Recorded)}
		if r.Recorded == 0 || o.forward == nil || e.checks.seen[k] {
			continue
		}
		e.checks.seen[k] = true
		d, name, err := o.forward.recordedDistance()
		if err != nil || name == "" {
			continue
		}
		e.dirty = true
		wrong := !(d <= e.checks.tolerance)
		e.checks.note(r.Mode, d, wrong)
		if wrong {
			e.diverges(r, o, d, fmt.Sprintf("output %s differs from the one recorded in %s by %.3g relative L2, over %g", name, e.feeds.sets[r.Recorded-1].Name, d, e.checks.tolerance))
		}
	}
}

func jsonFloat(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Sprint(f)
	}
	return f
}

// errNothing says that a model has no output that can be compared.
var errNothing = errors.New("outputs are not compared: none is a tensor of numbers")

// distance is the relative L2 distance of the last position's logits. Where
// the request did not run in the eager lane, the eager session runs it now.
func (e *engine) distance(r *protocol.Request, ref, opt *outcome) (float64, error) {
	if ref == nil {
		o, err := e.reference(r)
		if err != nil {
			return 0, err
		}
		ref = o
	}
	if ref.forward != nil || ref.gen != nil || opt.last.s.Capture == nil {
		return apart(ref, opt)
	}
	if opt.last.shape != ref.last.shape { // the lanes' padding differs: so does the cache
		same := *r
		same.Exec[stats.Eager] = same.Exec[stats.Optimized]
		var err error
		if ref, err = e.reference(&same); err != nil {
			return 0, err
		}
	}
	return callDistance(ref.last, opt.last)
}

// reference runs a request in the eager lane for comparison only.
func (e *engine) reference(r *protocol.Request) (*outcome, error) {
	o := &outcome{lane: e.lanes[stats.Eager]}
	switch r.Mode {
	case "forward":
		return o, e.forward(o.lane, r, o)
	case "prefill":
		return o, e.prefill(o.lane, r, o)
	}
	return o, e.generate(o.lane, r, o)
}

// generationDistance compares the last logits of two generations under the
// same tokens: where the lanes chose differently, the optimized lane runs
// once more with the eager lane's choices.
func generationDistance(ref, opt *generation) (float64, error) {
	tokens := ref.tokens()
	a, err := ref.last().lastLogits()
	if err != nil {
		return 0, err
	}
	b, err := opt.last().lastLogits()
	if err == nil && !slices.Equal(tokens, opt.tokens()) {
		b, err = opt.replay(tokens)
	}
	if err != nil {
		return 0, err
	}
	return relL2(a, b)
}

// errStale says that what a run handed over is not what it computed.
var errStale = errors.New("the token that was read back is not the ArgMax of the logits: a stale read")

// fresh checks that the token which proved the end of a run belongs to the
// logits of that run.
func (c *call) fresh() error {
	logits, err := c.lastLogits()
	if err != nil {
		return err
	}
	for b := range c.shape.batch {
		row := logits[b*c.s.G.Vocab : (b+1)*c.s.G.Vocab]
		if got := c.token.Int(b); got < 0 || int(got) >= len(row) || row[got] != slices.Max(row) {
			return errStale
		}
	}
	return nil
}

// lastLogits are the logits of the last position of every row, as float32.
func (c *call) lastLogits() ([]float32, error) {
	vocab, seq := c.s.G.Vocab, c.shape.seq
	w := c.logits.Typ.Size()
	raw, err := c.fetch(c.logits)
	if err != nil {
		return nil, err
	}
	out := make([]float32, 0, c.shape.batch*vocab)
	for b := range c.shape.batch {
		from := (b*seq + c.last) * vocab * w
		out = native.AppendFloats(out, raw[from:from+vocab*w], c.logits.Typ)
	}
	return out, nil
}

// fetch returns a tensor's bytes, copied from the device if it lies there;
// they are good until the next fetch.
func (c *call) fetch(t native.Tensor) ([]byte, error) {
	if t.Host != nil {
		return t.Raw(), nil
	}
	x, err := c.st.Tensor(native.Fetched, false, t.Typ, t.Shape)
	if err != nil {
		return nil, err
	}
	defer x.V.Free()
	return x.Raw(), native.CopyTensor(x.V, t.V)
}
