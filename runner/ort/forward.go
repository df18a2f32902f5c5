package ort

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
)

// forwardCall is a session of any model with its inputs bound for one shape.
// Outputs whose size follows from the inputs' are bound to memory that is
// used again; others are allocated by ONNX Runtime in each run.
type forwardCall struct {
	bound
	shape     forwardShape
	dims      map[string][]int64 // of every input
	inputs    []forwardInput
	outputs   []forwardOutput
	fence     native.Tensor // smallest output on a device, copied back; none on the host
	fenceHost native.Tensor
}

type forwardInput struct {
	port *native.Port
	x    native.Tensor // what the session reads
	host native.Tensor // what is written; x itself on the host
}

type forwardOutput struct {
	port *native.Port
	x    native.Tensor // zero: ONNX Runtime allocates it
}

// bound reports whether an output has memory of its own before a run.
func (o forwardOutput) bound() bool { return o.x.V.P != nil }

// forward runs one request on a model that is no language model.
//
// Timed: from the run until it has returned and, on a device, until the
// smallest output has been read back; and, when the shape has no executable,
// making one.
func (e *engine) forward(l *lane, r *protocol.Request, o *outcome) error {
	shape := forwardShape{dimShape: dimShape{}, feeds: e.feeds, set: r.Recorded}
	for _, name := range e.forwardG.Symbols() {
		shape.dimShape[name] = 1
		if v, ok := r.Dims[name]; ok {
			shape.dimShape[name] = v
		}
	}
	o.sample.shape = shape.String()
	ch, err := e.choose(l, r, phase{name: "forward", graph: e.forwardG, word: r.Strategy.Prefill}, shape)
	if err != nil {
		return err
	}
	var c *forwardCall
	err = e.single(l, r, o, &ch, func() error {
		c, err = l.bindForward(ch.s, shape, r.Seed)
		return err
	}, func(t *native.Span) error { return c.run(t) })
	if err != nil {
		return e.suspect(fmt.Errorf("forward %v: %w", shape, err))
	}
	o.forward = c
	e.noteFallback(l, r, &ch, shape.String(), 1)
	return nil
}

// bindForward binds a session for a shape and fills its inputs.
func (l *lane) bindForward(s *native.Session, shape forwardShape, seed uint64) (*forwardCall, error) {
	k := forwardKey{s, shape.String(), shape.set}
	c := l.forwards[k]
	if c == nil || c.gen != l.st.Gen {
		if c != nil {
			c.free()
		}
		if len(l.forwards) >= maxForwards {
			l.forgetForwards(nil)
		}
		var err error
		if c, err = newForwardCall(s, l.st, shape); err != nil {
			delete(l.forwards, k)
			return nil, err
		}
		l.forwards[k] = c
	}
	if err := c.forgetOutputs(); err != nil {
		return nil, err
	}
	return c, c.fill(seed)
}

type forwardKey struct {
	s     *native.Session
	shape string
	set   int
}

const maxForwards = 256 // bound forward calls kept a lane

// forgetForwards drops the bound calls of a session; nil drops all.
func (l *lane) forgetForwards(s *native.Session) {
	for k, c := range l.forwards {
		if s == nil || k.s == s {
			c.free()
			delete(l.forwards, k)
		}
	}
}

func newForwardCall(s *native.Session, st *native.Store, shape forwardShape) (*forwardCall, error) {
	c := &forwardCall{bound: bound{s: s, st: st}, shape: shape, dims: map[string][]int64{}}
	return c, c.open(shape, c.bindInputs, c.bindOutputs)
}

func (c *forwardCall) bindInputs() error {
	g := c.s.G
	for i := range g.Inputs {
		p := &g.Inputs[i]
		dims, err := c.shape.feeds.shape(p, c.shape.set, c.shape.dimShape)
		if err != nil {
			return err
		}
		c.dims[p.Name] = dims
		if p.Typ == native.String {
			if err := c.bindStrings(p, dims); err != nil {
				return err
			}
			continue
		}
		in := forwardInput{port: p}
		if in.x, err = c.view("in/"+p.Name, c.s.Device[p.Name], p.Typ, dims); err != nil {
			return err
		}
		in.host = in.x
		if in.x.Host == nil {
			if in.host, err = c.view("in/"+p.Name, false, p.Typ, dims); err != nil {
				return err
			}
		}
		if err := c.b.Input(p.Name, in.x.V); err != nil {
			return err
		}
		c.inputs = append(c.inputs, in)
	}
	return nil
}

// bindStrings binds an input of text, which stays as it is bound.
func (c *forwardCall) bindStrings(p *native.Port, dims []int64) error {
	text := c.shape.feeds.text(p.Name, c.shape.set, native.Elements(dims))
	v, err := native.NewStrings(text, dims)
	if err != nil {
		return err
	}
	c.views = append(c.views, v)
	return c.b.Input(p.Name, v)
}

// fill writes every input from a seed and brings it to the device: the same
// seed gives the same inputs in both lanes.
func (c *forwardCall) fill(seed uint64) error {
	for i := range c.inputs {
		in := &c.inputs[i]
		s := seed + uint64(i)*0x9e3779b97f4a7c15
		if err := c.shape.feeds.fill(in.host, in.port.Name, c.shape.set, s, c.dims); err != nil {
			return err
		}
		if in.x.Host != nil {
			continue
		}
		if err := native.CopyTensor(in.x.V, in.host.V); err != nil {
			return fmt.Errorf("upload %s: %w", in.port.Name, err)
		}
	}
	return nil
}

// makeable says why no input of this port can be given; nil when one can.
func makeable(p *native.Port, f *feeds) error {
	_, gave := f.gave[p.Name]
	gave = gave || f.array(p.Name, 1) != nil
	switch {
	case p.Typ == native.String && !gave:
		return fmt.Errorf("input %s holds text, which is not made up: give it with --input %s=TEXT", p.Name, p.Name)
	case p.NoShape && f.array(p.Name, 1) == nil:
		return fmt.Errorf("input %s states no shape: give one with --input %s=@FILE.npy or a folder of recorded inputs", p.Name, p.Name)
	}
	return nil
}

func (c *forwardCall) bindOutputs() error {
	g := c.s.G
	for i := range g.Outputs {
		p := &g.Outputs[i]
		out := forwardOutput{port: p}
		dims, err := p.Eval(c.shape.dimShape)
		if g.Allocates.Load() || err != nil || p.Kind != "tensor" || p.Typ.Size() == 0 || p.NoShape {
			if err := c.allocated(p); err != nil {
				return err
			}
		} else {
			if out.x, err = c.view("out/"+p.Name, c.s.Device[p.Name], p.Typ, dims); err != nil {
				return err
			}
			if err := c.b.Output(p.Name, out.x.V); err != nil {
				return err
			}
		}
		c.outputs = append(c.outputs, out)
	}
	return c.pickFence()
}

// allocated lets ONNX Runtime allocate an output where the session has it.
func (c *forwardCall) allocated(p *native.Port) error {
	m, err := native.HostMemory()
	if c.s.Device[p.Name] {
		m = c.st.Dev
	}
	if err != nil {
		return err
	}
	return c.b.OutputTo(p.Name, m)
}

// forgetOutputs binds the outputs anew that ONNX Runtime allocates: a binding
// keeps what a run allocated, and a next run with other data, and so another
// size, is refused.
func (c *forwardCall) forgetOutputs() error {
	for _, out := range c.outputs {
		if out.bound() {
			continue
		}
		if err := c.allocated(out.port); err != nil {
			return err
		}
	}
	return nil
}

// pickFence takes the smallest bound output on the device to be read back.
func (c *forwardCall) pickFence() error {
	for _, out := range c.outputs {
		if out.bound() && out.x.Host == nil && (c.fence.V.P == nil || out.x.Bytes < c.fence.Bytes) {
			c.fence = out.x
		}
	}
	if c.fence.V.P == nil {
		return nil
	}
	var err error
	c.fenceHost, err = c.view("fence", false, c.fence.Typ, c.fence.Shape)
	return err
}

func (c *forwardCall) run(t *native.Span) error {
	err := c.s.Execute(c.b, c.fence, c.fenceHost, t)
	// another lane may have found out at the same time
	if err != nil && slices.ContainsFunc(c.outputs, forwardOutput.bound) && wrongSize(err) {
		return fmt.Errorf("%w (the model declares an output's shape wrong: from now on ONNX Runtime allocates outputs)", c.distrust(err))
	}
	return err
}

// wrongSize reports whether ONNX Runtime refuses the memory of an output. It
// says so before the run where its own inference knows better, else in the node.
func wrongSize(err error) bool {
	said := func(words string) bool { return strings.Contains(err.Error(), words) }
	return said("output shape") || said("invalid dimensions for output") || said("Invalid rank for output")
}

// distrust notes that the declared sizes of outputs are wrong.
func (c *forwardCall) distrust(err error) error {
	c.s.G.Allocates.Store(true)
	c.st.Gen++ // binds every call again
	return err
}
