package onnxmodel

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func (p *Prepared) load() (err error) {
	get := func(name string) (g *Graph) {
		path := filepath.Join(p.Dir, name)
		switch _, missing := os.Stat(path); {
		case err != nil:
		case missing == nil:
			g, err = readGraph(path)
		case name == baseFile || name == prefillFile:
			err = fmt.Errorf("%w: delete %s, and it is made again", missing, p.Dir)
		}
		return g
	}
	if p.Info.Kind != KindCausalLM {
		p.Forward = get(baseFile)
		return err
	}
	p.Prefill, p.Decode, p.Bucketed = get(prefillFile), get(decodeFile), get(bucketedFile)
	p.PrefillRight, p.PrefillFill = get(rightFile), get(fillFile)
	p.PrefillCapture, p.BucketedCapture = get(prefillCaptureFile), get(bucketedCaptureFile)
	p.WhyNotBucketed = p.Info.whyNotBucketed()
	if p.Decode != nil && same(p.Decode.Path, p.Prefill.Path) {
		p.Decode = p.Prefill
	}
	for _, g := range []*Graph{p.Bucketed, p.BucketedCapture} {
		if g != nil {
			g.Constant, g.Grouped = true, p.Info.mask.grouped
		}
	}
	return err
}

func readGraph(path string) (*Graph, error) {
	m, err := scan(path)
	if err != nil {
		return nil, err
	}
	g := &Graph{Path: path, Inputs: m.graph.feeds(), Outputs: m.graph.outputs}
	r := m.graph.roles(m.graph.feeds())
	if r.notLM() != "" {
		return g, nil // a classifier's logits are not a language model's
	}
	g.InputIDs, g.AttentionMask, g.PositionIDs, g.Logits = name(r.ids), name(r.mask), name(r.positions), name(r.logits)
	for name, at := range map[string]*string{LastInput: &g.Last, RoomInput: &g.Room, ShiftInput: &g.Shift} {
		if r.own[name] {
			*at = name
		}
	}
	for _, p := range ports(r.past) {
		g.Past = append(g.Past, name(p))
	}
	for _, p := range ports(r.present) {
		g.Present = append(g.Present, name(p))
	}
	if slices.ContainsFunc(g.Outputs, func(p Port) bool { return p.Name == TokenOutput }) {
		g.Token = TokenOutput
	}
	return g, nil
}
