package native

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/ort/provision"
)

// Probe tries every provider of the library at path lib by running a small
// model on it, the preferred ones first.
func Probe(lib string) ([]provision.ProviderReport, error) {
	if _, err := OpenLibrary(lib); err != nil {
		return nil, err
	}
	var out []provision.ProviderReport
	for _, name := range providerOrder {
		r := provision.ProviderReport{Provider: name}
		p, _, err := ChooseProvider(name, 0, nil, TryProbe)
		if err != nil {
			r.Reason = OneLine(err)
		} else {
			r.Works, r.Device, r.Notes = true, p.Device, p.Notes
		}
		out = append(out, r)
	}
	return out, nil
}

// TryProbe runs x + x on a provider and checks the answer.
func TryProbe(p Provider) error {
	m := &Maker{Provider: p, Threads: 1}
	o, err := m.options(SessionSpec{})
	if err != nil {
		return err
	}
	defer o.Destroy()
	model, err := probeModel()
	if err != nil {
		return err
	}
	s, err := newCSession("", model, cOptions{pointerOf(o)}, cPrepacked{})
	if err != nil {
		return err
	}
	defer s.free()
	return runProbe(s)
}

func runProbe(s cSession) error {
	st := NewStore(Memory{}, Allocator{})
	defer st.Free()
	b, err := s.NewBinding()
	if err != nil {
		return err
	}
	defer b.Free()
	x, err := st.Tensor("x", false, Float, []int64{1})
	if err != nil {
		return err
	}
	y, err := st.Tensor("y", false, Float, []int64{1})
	if err != nil {
		return err
	}
	defer x.V.Free()
	defer y.V.Free()
	copy(x.Raw(), []byte{0, 0, 0x40, 0x40}) // 3.0
	if err := b.Input("x", x.V); err != nil {
		return err
	}
	if err := b.Output("y", y.V); err != nil {
		return err
	}
	var t Span
	if err := s.Run(RunOptions{}, b, Value{}, Value{}, &t); err != nil {
		return err
	}
	if got := AppendFloats(nil, y.Raw(), Float)[0]; got != 6 {
		return fmt.Errorf("it computes 3 + 3 = %v", got)
	}
	return nil
}

// probeModel is y = x + x over one float.
func probeModel() ([]byte, error) {
	g := build.NewGraph("probe", build.Float)
	x := g.In("x", build.Float, 1)
	g.Out(g.Op("Add", []string{x, x}), "y", build.Float, 1)
	return g.Model()
}
