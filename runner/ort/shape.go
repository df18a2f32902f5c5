package ort

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/native"
)

// lmShape is the shape of one forward pass of a language model.
type lmShape struct {
	batch, seq, past int
	kept             int // entries that a prompt padded on the right leaves in the cache
}

func (s lmShape) String() string {
	if s.past == 0 {
		return fmt.Sprintf("%dx%d", s.batch, s.seq)
	}
	return fmt.Sprintf("%dx%d@%d", s.batch, s.seq, s.past)
}

// values are the canonical symbolic dimensions under a shape.
func (s lmShape) values() map[string]int {
	return map[string]int{
		onnxmodel.DimBatch: s.batch, onnxmodel.DimSeq: s.seq,
		onnxmodel.DimPast: s.past, onnxmodel.DimTotal: s.past + s.seq,
		onnxmodel.DimKept: s.kept,
	}
}

// sentence names the shape in a reason.
func (s lmShape) sentence(phase string) string {
	batch := ""
	if s.batch != 1 {
		batch = fmt.Sprintf("batch %d, ", s.batch)
	}
	if phase == "decode" {
		return fmt.Sprintf("%scache length %d", batch, s.past)
	}
	return fmt.Sprintf("%stokens %d", batch, s.seq)
}

// once runs a session of this shape on a prompt of zeros: mask, positions and
// lengths are real, since some graphs (GroupQueryAttention) refuse others.
func (s lmShape) once(x *native.Session, st *native.Store) error {
	step := 1 // a decode step reads one token; a prompt with an empty constant cache is step 0
	if s.past == 0 || s.seq > 1 {
		step = 0
	}
	c, err := newCall(x, st, s, step)
	if err != nil {
		return err
	}
	defer c.free()
	p := &prompt{batch: s.batch, tokens: s.seq, exec: s.seq}
	if s.kept > 0 {
		p.tokens = min(s.kept, s.seq)
	}
	p.ids = make([]int64, s.batch*p.tokens)
	if step == 1 {
		p.tokens, p.exec, p.ids = s.past, s.past, nil
		err = c.writeStep(p, 1)
	} else {
		err = c.writePrompt(p)
	}
	if err != nil {
		return err
	}
	return c.run(new(native.Span))
}

// dimShape is the shape of a forward pass: values of symbolic dimensions.
type dimShape map[string]int

// String lists the dimensions by name: "batch=2,width=64"; "fixed" where the
// model has no symbolic dimension.
func (s dimShape) String() string {
	if len(s) == 0 {
		return "fixed"
	}
	parts := make([]string, 0, len(s))
	for _, name := range slices.Sorted(maps.Keys(s)) {
		parts = append(parts, fmt.Sprintf("%s=%d", name, s[name]))
	}
	return strings.Join(parts, ",")
}

func (s dimShape) sentence(string) string { return s.String() }
func (s dimShape) values() map[string]int { return s }

// forwardShape is a shape with what fills its inputs.
type forwardShape struct {
	dimShape
	feeds *feeds
	set   int // 1-based set of recorded inputs; 0: made up
}

// once runs a session of this shape on inputs of seed 0.
func (s forwardShape) once(x *native.Session, st *native.Store) error {
	c, err := newForwardCall(x, st, s)
	if err != nil {
		return err
	}
	defer c.free()
	if err := c.fill(0); err != nil {
		return err
	}
	return c.run(new(native.Span))
}
