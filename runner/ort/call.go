package ort

import (
	"fmt"
	"unsafe"
)

// call is a session of a language model with everything bound for one shape:
// inputs are written in place, outputs stay where they are. step is 0 for a
// prompt and k for the k-th decode step, which takes the token of step k−1
// and the cache half that it wrote.
type call struct {
	s     *session
	st    *store
	gen   int
	shape lmShape
	step  int

	b              cBinding
	ids, mask, pos tensor
	token, logits  tensor
	fence          cValue // where the token is on a device, else none
	fenceHost      tensor // where the fence puts it
	views          []cValue
}

// newCall binds a session for one shape of one step.
func newCall(s *session, st *store, shape lmShape, step int) (*call, error) {
	c := &call{s: s, st: st, shape: shape, step: step}
	var err error
	if c.b, err = s.c.newBinding(); err != nil {
		return nil, fmt.Errorf("bind %v: %w", shape, err)
	}
	if err = c.bindInputs(); err == nil {
		err = c.bindOutputs()
	}
	if err != nil {
		c.free()
		return nil, fmt.Errorf("bind %v: %w", shape, err)
	}
	c.gen = st.gen
	return c, nil
}

// at names a buffer of one step.
func at(name string, step int) string { return fmt.Sprintf("%s#%d", name, step) }

// cacheHalf names the buffer of cache entry i that a step writes. Steps
// alternate between two halves: a graph cannot write what it still reads.
func cacheHalf(i, step int) string { return fmt.Sprintf("cache%d/%d", i, step&1) }

func (c *call) bindInputs() error {
	g, values := c.s.g, c.shape.values()
	for i := range g.inputs {
		p := &g.inputs[i]
		shape, err := p.eval(values)
		if err != nil {
			return err
		}
		x, err := c.view(c.inputBuffer(p.name), p.typ, shape)
		if err == nil {
			err = c.b.input(p.name, x.v)
		}
		if err != nil {
			return err
		}
		switch p.name {
		case g.ids:
			c.ids = x
		case g.mask:
			c.mask = x
		case g.pos:
			c.pos = x
		}
	}
	return nil
}

// inputBuffer says where an input lives: the token that the step before has
// chosen is this step's input as it stands.
func (c *call) inputBuffer(name string) string {
	g := c.s.g
	if name == g.ids && c.step > 0 {
		return at("token", c.step-1)
	}
	for i, past := range g.past {
		if past == name {
			return cacheHalf(i, c.step+1)
		}
	}
	return at("in/"+name, c.step)
}

func (c *call) bindOutputs() error {
	g, values := c.s.g, c.shape.values()
	for i, name := range g.present {
		if _, err := c.out(name, cacheHalf(i, c.step), values); err != nil {
			return err
		}
	}
	var err error
	if c.logits, err = c.outShape(g.logits, "logits", []int64{int64(c.shape.batch), int64(c.shape.seq), int64(g.vocab)}); err != nil {
		return err
	}
	if c.token, err = c.outShape(g.token, at("token", c.step), []int64{int64(c.shape.batch), 1}); err != nil {
		return err
	}
	if c.token.host != nil {
		c.fenceHost = c.token
		return nil
	}
	c.fence = c.token.v
	c.fenceHost, err = c.st.hostTensor(at("token", c.step), c.token.typ, c.token.shape...)
	c.views = append(c.views, c.fenceHost.v)
	return err
}

func (c *call) out(name, buffer string, values map[string]int) (tensor, error) {
	shape, err := c.s.g.output(name).eval(values)
	if err != nil {
		return tensor{}, err
	}
	return c.outShape(name, buffer, shape)
}

func (c *call) outShape(name, buffer string, shape []int64) (tensor, error) {
	x, err := c.view(buffer, c.s.g.output(name).typ, shape)
	if err == nil {
		err = c.b.output(name, x.v)
	}
	return x, err
}

func (c *call) view(buffer string, t dtype, shape []int64) (tensor, error) {
	x, err := c.st.tensor(buffer, t, shape...)
	if err == nil {
		c.views = append(c.views, x.v)
	}
	return x, err
}

// run executes the call. t covers the run and the proof that it is over.
func (c *call) run(t *span) error {
	if c.fence.p == nil {
		return c.s.c.run(cRunOpts{}, c.b, cValue{}, cValue{}, t)
	}
	return c.s.c.run(cRunOpts{}, c.b, c.fence, c.fenceHost.v, t)
}

// tokens appends the greedy tokens that the last run chose, one a row.
func (c *call) tokens(dst []int64) []int64 {
	for i := range c.shape.batch {
		dst = append(dst, c.fenceHost.int(i))
	}
	return dst
}

func (c *call) free() {
	if c.b.p != nil {
		c.b.free()
	}
	for i := range c.views {
		c.views[i].free()
	}
	c.views = nil
}

// int is element i of an integer tensor in host memory.
func (t tensor) int(i int) int64 {
	if t.typ == dtInt32 {
		return int64(unsafe.Slice((*int32)(t.host), t.bytes/4)[i])
	}
	return unsafe.Slice((*int64)(t.host), t.bytes/8)[i]
}

// setInt sets element i of an integer (or floating point) tensor in host
// memory: masks come as int64, int32, bool or float.
func (t tensor) setInt(i int, v int64) {
	switch t.typ {
	case dtInt64:
		unsafe.Slice((*int64)(t.host), t.bytes/8)[i] = v
	case dtInt32:
		unsafe.Slice((*int32)(t.host), t.bytes/4)[i] = int32(v)
	case dtFloat:
		unsafe.Slice((*float32)(t.host), t.bytes/4)[i] = float32(v)
	default:
		unsafe.Slice((*byte)(t.host), t.bytes)[i] = byte(v)
	}
}
