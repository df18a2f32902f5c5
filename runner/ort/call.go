package ort

import (
	"fmt"
	"strings"
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
	ids, mask, pos tensor            // on the host: what writes go to
	told           map[string]tensor // likewise, the inputs that the preparation added
	last           int               // position of the last real token, whose logits count
	idsDev         tensor            // what the session reads
	uploads        [][2]tensor
	logits         tensor // where the session leaves it
	cache          []tensor
	fence          tensor // the token where the session leaves it
	token          tensor // the token on the host, there when run returns
	views          []cValue
	carried        []carry // cache inputs in host memory, to be bound anew each run
}

// carry is an input that ONNX Runtime copies to the device when it is bound.
type carry struct {
	name string
	v    cValue
}

// newCall binds a session for one shape of one step.
func newCall(s *session, st *store, shape lmShape, step int) (*call, error) {
	c := &call{s: s, st: st, shape: shape, step: step, told: map[string]tensor{}, last: shape.seq - 1}
	var err error
	if c.b, err = s.c.newBinding(); err != nil {
		return nil, fmt.Errorf("bind %v: %w", shape, err)
	}
	if err = c.bind(); err != nil {
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

// slot is a port of a graph with the buffer and the shape it is bound to.
type slot struct {
	name, buffer string
	typ          dtype
	shape        []int64
	output       bool
}

// layout lists every port of a graph for one shape of one step.
func (g *graph) layout(shape lmShape, step int) ([]slot, error) {
	values := shape.values()
	var out []slot
	for i := range g.inputs {
		p := &g.inputs[i]
		dims, err := p.eval(values)
		if err != nil {
			return nil, err
		}
		out = append(out, slot{p.name, g.inputBuffer(p.name, step), p.typ, dims, false})
	}
	for i, name := range g.present {
		p := g.output(name)
		dims, err := p.eval(values)
		if err != nil {
			return nil, err
		}
		out = append(out, slot{name, cacheHalf(i, step), p.typ, dims, true})
	}
	b := int64(shape.batch)
	return append(out,
		slot{g.logits, "logits", g.output(g.logits).typ, []int64{b, int64(shape.seq), int64(g.vocab)}, true},
		slot{g.token, at("token", step), g.output(g.token).typ, []int64{b, 1}, true}), nil
}

// inputBuffer says where an input lives: the token that the step before has
// chosen is this step's input as it stands, and so is the cache it wrote.
func (g *graph) inputBuffer(name string, step int) string {
	if name == g.ids && step > 0 {
		return at("token", step-1)
	}
	for i, past := range g.past {
		if past == name {
			return cacheHalf(i, step+1)
		}
	}
	return at("in/"+name, step)
}

// reserve makes room for a shape, so that binding it later moves no buffer.
func (st *store) reserve(g *graph, shape lmShape, step int) error {
	key := roomKey{g, shape, step}
	if st.roomFor[key] {
		return nil // buffers never shrink
	}
	slots, err := g.layout(shape, step)
	for _, s := range slots {
		need := elements(s.shape) * s.typ.size()
		if err == nil {
			_, err = st.buffer(s.buffer, true, need)
		}
		if err == nil && st.dev.p != nil && st.onHost(s, g) {
			_, err = st.buffer(s.buffer, false, need)
		}
	}
	st.roomFor[key] = err == nil
	return err
}

// onHost reports whether a slot of a device's session has memory on the host
// as well: inputs are written through it and the token is read; the cache only
// when it goes through the host between steps.
func (st *store) onHost(s slot, g *graph) bool {
	if strings.HasPrefix(s.buffer, "cache") {
		return st.hostCache
	}
	return !s.output || s.name == g.token
}

// roomKey names what room was made for.
type roomKey struct {
	g     *graph
	shape lmShape
	step  int
}

// bind views every slot and binds it where the session wants it.
func (c *call) bind() error {
	slots, err := c.s.g.layout(c.shape, c.step)
	if err != nil {
		return err
	}
	for _, s := range slots {
		onDevice := c.s.device[s.name]
		if s.output && s.name == c.s.g.token && c.s.capture != nil {
			s.buffer = at("token", c.step&1) // the two captured graphs pass it to and fro
			onDevice = onDevice && !c.st.hostToken
		}
		cache := strings.HasPrefix(s.buffer, "cache")
		if cache && onDevice != (c.st.dev.p != nil) {
			return fmt.Errorf("%s is not kept where the other sessions keep it", s.name)
		}
		onDevice = onDevice && !(cache && c.st.hostCache)
		x, err := c.view(s, onDevice)
		if err != nil {
			return err
		}
		if s.output {
			err = c.b.output(s.name, x.v)
		} else {
			err = c.b.input(s.name, x.v)
		}
		if err == nil {
			err = c.keep(s, x)
		}
		if cache && c.st.hostCache && !s.output && x.bytes > 0 {
			c.carried = append(c.carried, carry{s.name, x.v})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *call) view(s slot, onDevice bool) (tensor, error) {
	x, err := c.st.tensor(s.buffer, onDevice, s.typ, s.shape)
	if err == nil {
		c.views = append(c.views, x.v)
	}
	return x, err
}

// keep remembers what is written before a run or read after it. An input on
// the device is written through a twin on the host, and so is the token read.
func (c *call) keep(s slot, x tensor) error {
	g, host := c.s.g, x
	writes := !s.output && (s.name == g.mask || s.name == g.pos || s.name == g.ids || g.added(s.name))
	token := s.output && s.name == g.token
	if x.host == nil && (writes || token) {
		var err error
		if host, err = c.view(s, false); err != nil {
			return err
		}
	}
	switch {
	case token:
		c.fence, c.token = x, host
	case s.output && s.name == g.logits:
		c.logits = x
	case s.output:
		c.cache = append(c.cache, x)
	case !writes:
		return nil
	case s.name == g.ids:
		c.ids, c.idsDev = host, x
	case s.name == g.mask:
		c.mask = host
	case s.name == g.pos:
		c.pos = host
	default:
		c.told[s.name] = host
	}
	if writes && x.host == nil && !(s.name == g.ids && c.step > 0) {
		c.uploads = append(c.uploads, [2]tensor{x, host})
	}
	return nil
}

// upload copies what was written to the device; on the host it is there.
func (c *call) upload() error {
	for _, u := range c.uploads {
		if err := c.s.upload(u[0], u[1]); err != nil {
			return fmt.Errorf("upload: %w", err)
		}
	}
	return nil
}

// upload copies a host tensor to the device, so that the next run reads it.
func (s *session) upload(dst, src tensor) error {
	if s.stream != nil {
		return s.stream.upload(dst, src)
	}
	return copyTensor(dst.v, src.v)
}

// take brings the token of the step before to where this step reads it. Most
// often it is there already: both name one buffer.
func (c *call) take(before *call) error {
	switch {
	case c.idsDev.host == nil && before.fence.host != nil: // host to device
		return c.s.upload(c.idsDev, before.token)
	default:
		return nil
	}
}

// run executes the call. t covers the run and the proof that it is over.
func (c *call) run(t *span) error {
	for _, x := range c.carried {
		if err := c.b.input(x.name, x.v); err != nil {
			return fmt.Errorf("carry %s to the device: %w", x.name, err)
		}
	}
	var fence, host tensor
	if c.fence.host == nil {
		fence, host = c.fence, c.token
	}
	err := c.s.execute(c.b, fence, host, t)
	if c.s.capture != nil && !c.s.ran && c.s.capture.event != nil {
		c.s.capture.event.DurNs += t.end - t.start
	}
	c.s.ran = c.s.ran || err == nil
	return err
}

// tokens appends the greedy tokens that the last run chose, one a row.
func (c *call) tokens(dst []int64) []int64 {
	for i := range c.shape.batch {
		dst = append(dst, c.token.int(i))
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

// real is element i of a mask in host memory: 0 where it hides.
func (t tensor) real(i int) int64 {
	switch t.typ {
	case dtInt64, dtInt32:
		return t.int(i)
	case dtFloat:
		return int64(unsafe.Slice((*float32)(t.host), t.bytes/4)[i])
	}
	return int64(unsafe.Slice((*byte)(t.host), t.bytes)[i])
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
