package ort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
)

// profiling records requests with ONNX Runtime's profiler. A session cannot
// be profiled from the middle of its life, so each session that a request ran
// gets a twin with the profiler on, which runs the same inputs again after the
// request was measured: the samples stay what they are.
type profiling struct {
	id    uint64
	left  int
	dir   string
	twins map[*native.Session]*native.Session
	st    *native.Store
	err   error
}

// startProfile begins to record the next requests.
func (e *engine) startProfile(m *protocol.Profile) {
	if e.prof != nil {
		e.out.send(&protocol.Profiled{ID: m.ID, Files: []string{}, Error: "a profile is being taken already"})
		return
	}
	e.prof = &profiling{id: m.ID, left: max(m.Requests, 1), dir: m.Dir, twins: map[*native.Session]*native.Session{}, st: native.NewStore(e.dev, e.heap)}
	e.prof.err = os.MkdirAll(m.Dir, 0o755)
}

// record repeats the passes of a request on profiled twins.
func (e *engine) record(r *protocol.Request, outs []*outcome) {
	p := e.prof
	if p == nil {
		return
	}
	for _, o := range outs {
		if p.err == nil && o.sample.err == "" {
			p.err = e.repeat(p, r, o)
		}
	}
	if p.left--; p.left <= 0 || p.err != nil {
		e.endProfile()
	}
}

func (e *engine) repeat(p *profiling, r *protocol.Request, o *outcome) error {
	if o.forward != nil {
		s, err := e.twin(p, o.forward.s)
		if err != nil {
			return err
		}
		c, err := newForwardCall(s, p.st, o.forward.shape)
		if err != nil {
			return err
		}
		defer c.free()
		if err := c.fill(r.Seed); err != nil {
			return err
		}
		return c.run(new(native.Span))
	}
	if o.gen == nil {
		pr, err := e.prompt(o.lane, r)
		if err != nil {
			return err
		}
		return e.repeatPass(p, o.last, func(c *call) error { return c.writePrompt(pr) })
	}
	for _, s := range o.gen.stages {
		err := e.repeatPass(p, s.c, func(c *call) error {
			if c.step == 0 {
				return c.writePrompt(o.gen.p)
			}
			return c.writeStep(o.gen.p, s.step)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) repeatPass(p *profiling, like *call, write func(*call) error) error {
	s, err := e.twin(p, like.s)
	if err != nil {
		return err
	}
	c, err := newCall(s, p.st, like.shape, like.step)
	if err != nil {
		return err
	}
	defer c.free()
	if err := write(c); err != nil {
		return err
	}
	return c.run(new(native.Span))
}

// twin is a session made like s with the profiler on.
func (e *engine) twin(p *profiling, s *native.Session) (*native.Session, error) {
	if t := p.twins[s]; t != nil {
		return t, nil
	}
	kind := "eager"
	if s.Compiled {
		kind = dimShape(s.Fixed).String()
	}
	prefix := filepath.Join(p.dir, fmt.Sprintf("ort_%02d_%s", len(p.twins), fileName(kind)))
	t, err := e.maker.Open(s.G, native.SessionSpec{Compiled: s.Compiled, Lane: s.Lane, Fixed: s.Fixed, Profile: prefix})
	if err == nil {
		p.twins[s] = t
	}
	return t, err
}

// endProfile writes the files and answers.
func (e *engine) endProfile() {
	p := e.prof
	e.prof = nil
	answer := &protocol.Profiled{ID: p.id, Files: []string{}}
	for _, t := range p.twins {
		file, err := t.C.EndProfiling()
		if err == nil {
			answer.Files = append(answer.Files, file)
		} else if p.err == nil {
			p.err = err
		}
		t.Free()
	}
	p.st.Free()
	if p.err == nil && len(p.twins) == 0 {
		p.err = errors.New("no request ran while it was open: ask for it earlier, or for more requests")
	}
	if p.err != nil {
		answer.Error = native.OneLine(p.err)
	}
	e.out.send(answer)
}

// fileName keeps what may stand in a file's name.
func fileName(s string) string {
	out := []rune(s)
	for i, r := range out {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			out[i] = '_'
		}
	}
	return string(out)
}
