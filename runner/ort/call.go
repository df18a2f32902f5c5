package ort

import (
	"fmt"
	"strings"

	"github.com/tailscope/tailscope/runner/ort/native"
)

// call is a session of a language model with everything bound for one shape:
// inputs are written in place, outputs stay where they are. step is 0 for a
// prompt and k for the k-th decode step, which takes the token of step k−1
// and the cache half that it wrote.
type call struct {
	bound
	shape lmShape
	step  int

	ids, mask, pos native.Tensor            // on the host: what writes go to
	told           map[string]native.Tensor // likewise, the inputs that the preparation added
	last           int                      // position of the last real token, whose logits count
	idsDev         native.Tensor            // what the session reads
	uploads        [][2]native.Tensor
	logits         native.Tensor // where the session leaves it
	cache          []native.Tensor
	fence          native.Tensor // the token where the session leaves it
	token          native.Tensor // the token on the host, there when run returns
	carried        []carry       // cache inputs in host memory, to be bound anew each run
}

// carry is an input that ONNX Runtime copies to the device when it is bound.
type carry struct {
	name string
	v    native.Value
}

// newCall binds a session for one shape of one step.
func newCall(s *native.Session, st *native.Store, shape lmShape, step int) (*call, error) {
	c := &call{bound: bound{s: s, st: st}, shape: shape, step: step, told: map[string]native.Tensor{}, last: shape.seq - 1}
	return c, c.open(shape, c.bind)
}

func at(name string, step int) string { return fmt.Sprintf("%s#%d", name, step) }

// cacheHalf names the buffer of cache entry i that a step writes. Steps
// alternate between two halves: a graph cannot write what it still reads.
func cacheHalf(i, step int) string { return fmt.Sprintf("cache%d/%d", i, step&1) }

// slot is a port of a graph with the buffer and the shape it is bound to.
type slot struct {
	name, buffer string
	typ          native.Type
	shape        []int64
	output       bool
}

// layoutOf lists every port of a graph for one shape of one step.
func layoutOf(g *native.Graph, shape lmShape, step int) ([]slot, error) {
	values := shape.values()
	var out []slot
	for i := range g.Inputs {
		p := &g.Inputs[i]
		dims, err := p.Eval(values)
		if err != nil {
			return nil, err
		}
		out = append(out, slot{p.Name, inputBuffer(g, p.Name, step), p.Typ, dims, false})
	}
	for i, name := range g.Present {
		p := g.Output(name)
		dims, err := p.Eval(values)
		if err != nil {
			return nil, err
		}
		out = append(out, slot{name, cacheHalf(i, step), p.Typ, dims, true})
	}
	b := int64(shape.batch)
	return append(out,
		slot{g.Logits, "logits", g.Output(g.Logits).Typ, []int64{b, int64(shape.seq), int64(g.Vocab)}, true},
		slot{g.Token, at(native.Token, step), g.Output(g.Token).Typ, []int64{b, 1}, true}), nil
}

// inputBuffer says where an input lives: the token that the step before has
// chosen is this step's input as it stands, and so is the cache it wrote.
func inputBuffer(g *native.Graph, name string, step int) string {
	if name == g.InputIDs && step > 0 {
		return at(native.Token, step-1)
	}
	for i, past := range g.Past {
		if past == name {
			return cacheHalf(i, step+1)
		}
	}
	return at("in/"+name, step)
}

// reserve makes room for a shape, so that binding it later moves no buffer.
func reserve(st *native.Store, g *native.Graph, shape lmShape, step int) error {
	key := roomKey{g, shape, step}
	if st.RoomFor[key] {
		return nil // buffers never shrink
	}
	slots, err := layoutOf(g, shape, step)
	for _, s := range slots {
		need := native.Elements(s.shape) * s.typ.Size()
		if err == nil {
			_, err = st.Buffer(s.buffer, true, need)
		}
		if err == nil && st.Dev.P != nil && onHost(st, s, g) {
			_, err = st.Buffer(s.buffer, false, need)
		}
	}
	st.RoomFor[key] = err == nil
	return err
}

// onHost reports whether a slot of a device's session has memory on the host
// as well: inputs are written through it and the token is read; the cache only
// when it goes through the host between steps.
func onHost(st *native.Store, s slot, g *native.Graph) bool {
	if strings.HasPrefix(s.buffer, "cache") {
		return st.HostCache
	}
	return !s.output || s.name == g.Token
}

// roomKey names what room was made for.
type roomKey struct {
	g     *native.Graph
	shape lmShape
	step  int
}

// bind views every slot and binds it where the session wants it.
func (c *call) bind() error {
	slots, err := layoutOf(c.s.G, c.shape, c.step)
	if err != nil {
		return err
	}
	for _, s := range slots {
		onDevice := c.s.Device[s.name]
		if s.output && s.name == c.s.G.Token && c.s.Capture != nil {
			s.buffer = at(native.Token, c.step&1) // the two captured graphs pass it to and fro
			onDevice = onDevice && !c.st.HostToken
		}
		cache := strings.HasPrefix(s.buffer, "cache")
		if cache && onDevice != (c.st.Dev.P != nil) {
			return fmt.Errorf("%s is not kept where the other sessions keep it", s.name)
		}
		onDevice = onDevice && !(cache && c.st.HostCache)
		x, err := c.view(s.buffer, onDevice, s.typ, s.shape)
		if err != nil {
			return err
		}
		if s.output {
			err = c.b.Output(s.name, x.V)
		} else {
			err = c.b.Input(s.name, x.V)
		}
		if err == nil {
			err = c.keep(s, x)
		}
		if cache && c.st.HostCache && !s.output && x.Bytes > 0 {
			c.carried = append(c.carried, carry{s.name, x.V})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keep remembers what is written before a run or read after it. An input on
// the device is written through a twin on the host, and so is the token read.
func (c *call) keep(s slot, x native.Tensor) error {
	g, host := c.s.G, x
	writes := !s.output && (s.name == g.AttentionMask || s.name == g.PositionIDs || s.name == g.InputIDs || g.Added(s.name))
	token := s.output && s.name == g.Token
	if x.Host == nil && (writes || token) {
		var err error
		if host, err = c.view(s.buffer, false, s.typ, s.shape); err != nil {
			return err
		}
	}
	switch {
	case token:
		c.fence, c.token = x, host
	case s.output && s.name == g.Logits:
		c.logits = x
	case s.output:
		c.cache = append(c.cache, x)
	case !writes:
		return nil
	case s.name == g.InputIDs:
		c.ids, c.idsDev = host, x
	case s.name == g.AttentionMask:
		c.mask = host
	case s.name == g.PositionIDs:
		c.pos = host
	default:
		c.told[s.name] = host
	}
	if writes && x.Host == nil && !(s.name == g.InputIDs && c.step > 0) {
		c.uploads = append(c.uploads, [2]native.Tensor{x, host})
	}
	return nil
}

// upload copies what was written to the device; on the host it is there.
func (c *call) upload() error {
	for _, u := range c.uploads {
		if err := c.s.Upload(u[0], u[1]); err != nil {
			return fmt.Errorf("upload: %w", err)
		}
	}
	return nil
}

// take brings the token of the step before to where this step reads it. Most
// often it is there already: both name one buffer.
func (c *call) take(before *call) error {
	if c.idsDev.Host == nil && before.fence.Host != nil { // host to device
		return c.s.Upload(c.idsDev, before.token)
	}
	return nil
}

// run executes the call. t covers the run and the proof that it is over.
func (c *call) run(t *native.Span) error {
	for _, x := range c.carried {
		if err := c.b.Input(x.name, x.v); err != nil {
			return fmt.Errorf("carry %s to the device: %w", x.name, err)
		}
	}
	var fence, host native.Tensor
	if c.fence.Host == nil {
		fence, host = c.fence, c.token
	}
	err := c.s.Execute(c.b, fence, host, t)
	if c.s.Capture != nil && !c.s.Ran && c.s.Capture.Event != nil {
		c.s.Capture.Event.DurNs += t.End - t.Start
	}
	c.s.Ran = c.s.Ran || err == nil
	return err
}

// tokens appends the greedy tokens that the last run chose, one a row.
func (c *call) tokens(dst []int64) []int64 {
	for i := range c.shape.batch {
		dst = append(dst, c.token.Int(i))
	}
	return dst
}
