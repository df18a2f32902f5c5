package ort

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailscope/tailscope/configs/dims"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
)

// sizer finds out which sizes a forward model takes, before anything is timed,
// on a session of its own: the eager lane's first run stays its first.
type sizer struct {
	e      *engine
	s      *native.Session
	st     *native.Store
	values map[string][]int // that are tried of the free dimensions, one or two each
	ties   dims.Ties
	texts  map[string]string // ties that were found
	until  time.Time
	first  int // elements of all inputs at the first try
}

// trialTime bounds how long sizes are tried.
const trialTime = 3 * time.Second

// errLarge is why a tie is not tried: a batch as large as a picture is high would
// take minutes and all memory.
var errLarge = errors.New("more than 16 times what was tried first")

// planDims says of each symbolic dimension what it takes unless --dim says
// so, and which follow from others.
func (e *engine) planDims(l *protocol.Load, m *protocol.Model) (note string, err error) {
	if e.feeds.sets != nil {
		m.Recorded, err = e.recordedSizes()
		return "", err
	}
	user, err := dims.NewTies(l.Ties)
	if err != nil {
		return "", err
	}
	z := sizer{e: e, values: map[string][]int{}, ties: user, texts: map[string]string{}, until: time.Now().Add(trialTime)}
	for _, name := range m.Dims {
		switch {
		case user.Has(name):
		case l.Dims[name] != nil:
			v := l.Dims[name]
			z.values[name] = v[:min(len(v), 2)]
		default:
			v := e.forwardG.Role(name).Values
			if m.DimValues == nil {
				m.DimValues = map[string][]int{}
			}
			m.DimValues[name] = v
			// Two sizes above 1: a size of 1 is broadcast and proves nothing.
			if v = slices.DeleteFunc(slices.Clone(v), func(n int) bool { return n < 2 }); len(v) < 2 {
				v = []int{2, 3}
			}
			z.values[name] = v[:2]
		}
	}
	if len(z.values) > 0 {
		note = z.find()
	}
	if len(z.texts) > 0 {
		m.DimTies = z.texts
	}
	e.sizesMade = m.DimValues
	return note, nil
}

// recordedSizes are the sizes that each recorded set has.
func (e *engine) recordedSizes() ([]map[string]int, error) {
	out := make([]map[string]int, len(e.feeds.sets))
	for i, set := range e.feeds.sets {
		sizes := map[string]int{}
		for _, p := range e.forwardG.Inputs {
			a, ok := set.Inputs[p.Name]
			if !ok {
				return nil, fmt.Errorf("recorded inputs: %s lacks input %s", set.Name, p.Name)
			}
			if t := native.TypeOf(a.Type); t != p.Typ && (t != native.Uint16 || p.Typ != native.BFloat16) { // NumPy has no bfloat16
				return nil, fmt.Errorf("recorded inputs: %s: %s is %s, the model takes %v", set.Name, p.Name, a.Type, p.Typ)
			}
			if p.NoShape {
				continue
			}
			if len(a.Shape) != len(p.Dims) {
				return nil, fmt.Errorf("recorded inputs: %s: %s has %d dimensions, the model takes %d", set.Name, p.Name, len(a.Shape), len(p.Dims))
			}
			for k, d := range p.Dims {
				if d.Name != "" {
					sizes[d.Name] = int(a.Shape[k])
				}
			}
		}
		out[i] = sizes
	}
	return out, nil
}

// find tries sizes until the model takes them, ties the dimensions that cannot
// be chosen freely, and returns a note for people, "" when nothing is to say.
func (z *sizer) find() string {
	s, err := z.e.maker.Open(z.e.forwardG, native.SessionSpec{})
	if err != nil {
		return "" // the eager session was made: what happened will come up again
	}
	z.s, z.st = s, native.NewStore(z.e.dev, z.e.heap)
	defer func() { z.st.Free(); z.s.Free() }()
	free := dims.Free(z.e.forwardG.Names())
	free = slices.DeleteFunc(free, func(n string) bool { return z.values[n] == nil })
	first := z.try(0, "")
	if first != nil && !z.tieAny(free) {
		return fmt.Sprintf("no sizes were found that the model takes; --dim NAME=SIZES gives them. %s", native.OneLine(first))
	}
	// what nothing is known of follows from the rest, not the other way round
	slices.SortStableFunc(free, func(a, b string) int { return len(z.e.forwardG.Role(a).Name) - len(z.e.forwardG.Role(b).Name) })
	for _, name := range free {
		if len(z.values[name]) > 1 && !z.ties.Has(name) && z.try(1, name) != nil {
			z.tie(name, free)
		}
	}
	if len(z.texts) == 0 {
		return ""
	}
	var said []string
	for _, name := range free {
		if x := z.texts[name]; x != "" {
			said = append(said, name+" = "+x)
		}
	} // beats a list that --dim gave: of its sizes the model takes only these
	return "sizes that go together, as trying showed: " + strings.Join(said, ", ")
}

// try runs the model once, every free dimension at its first size, name (if
// any) at its size at.
func (z *sizer) try(at int, name string) error {
	sizes := map[string]int{}
	for n, v := range z.values {
		if !z.ties.Has(n) {
			sizes[n] = v[0]
		}
	}
	if name != "" {
		sizes[name] = z.values[name][at]
	}
	if err := z.ties.Resolve(sizes); err != nil {
		return err
	}
	n := 0
	for i := range z.e.forwardG.Inputs {
		d, err := z.e.feeds.shape(&z.e.forwardG.Inputs[i], 0, sizes)
		if err != nil {
			return err
		}
		n += native.Elements(d)
	}
	if z.first = cmp.Or(z.first, n); n > 16*max(z.first, 1<<16) {
		return errLarge
	}
	return forwardShape{dimShape: sizes, feeds: z.e.feeds}.tryOn(z.s, z.st)
}

// tryOn runs a session, again where the model declared sizes of outputs wrong.
func (s forwardShape) tryOn(x *native.Session, st *native.Store) error {
	err := s.once(x, st)
	if err != nil && wrongSize(err) && x.G.Allocates.Load() {
		err = s.once(x, st)
	}
	return err
}

// tieAny ties one dimension such that the model takes the first sizes.
func (z *sizer) tieAny(free []string) bool {
	return slices.ContainsFunc(free, func(name string) bool { return z.tie(name, free) })
}

// tie makes a dimension follow from one or two others, if the model takes
// that at their first and their second sizes.
func (z *sizer) tie(name string, free []string) bool {
	others := slices.DeleteFunc(slices.Clone(free), func(n string) bool {
		return n == name || z.ties.Has(n) || len(z.values[n]) < 2 && z.values[n][0] < 2
	})
	texts := slices.Clone(others)
	for i, a := range others {
		for _, b := range others[i+1:] {
			texts = append(texts, a+" + "+b)
		}
	}
	kept := z.ties
	for _, text := range texts {
		x, err := dims.Parse(text)
		if err != nil || time.Now().After(z.until) {
			continue
		}
		z.ties = kept.Add(name, x)
		ok := z.try(0, "") == nil
		for _, n := range x.Names() {
			ok = ok && (len(z.values[n]) < 2 || z.try(1, n) == nil)
		}
		if ok {
			z.texts[name] = text
			return true
		}
	}
	z.ties = kept
	return false
}

// madeUp says which inputs and sizes were made up, "" when none was.
func (e *engine) madeUp(m *protocol.Model) string {
	text := e.feeds.madeUp(e.forwardG)
	var sizes []string
	for _, name := range m.Dims {
		if v := m.DimValues[name]; v != nil && m.DimTies[name] == "" {
			sizes = append(sizes, fmt.Sprintf("%s = %s", name, strings.Trim(strings.ReplaceAll(fmt.Sprint(v), " ", ","), "[]")))
		}
	}
	if sizes == nil {
		return text
	}
	made := "sizes made up: " + strings.Join(sizes, ", ") + "; --dim NAME=SIZES gives them"
	if text == "" {
		return made
	}
	return text + ". " + made
}

// suspect adds to a failure that sizes or inputs were made up, where they were.
func (e *engine) suspect(err error) error {
	var flags []string
	if len(e.sizesMade) > 0 {
		flags = append(flags, "sizes (give them with --dim)")
	}
	if e.feeds.madeUp(e.forwardG) != "" {
		flags = append(flags, "inputs (give them with --input)")
	}
	if flags == nil {
		return err
	}
	return fmt.Errorf("%w; made up were %s", err, strings.Join(flags, " and "))
}
