package ort

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/recorded"
	"github.com/tailscope/tailscope/runner/ort/native"
)

// feeds is where the inputs of a model that is no language model come from:
// what the user gave, a folder of recorded sets, or made up by what they mean.
type feeds struct {
	by   map[string]onnxmodel.Feed
	gave map[string]given
	sets []recorded.Set
}

// given is what the user says an input holds.
type given struct {
	text   string
	values []float64 // again from the start where they are too few
	lo, hi float64   // uniform, where values are nil
	whole  bool      // of the range: whole numbers
	words  []string  // of an input of text
	array  *recorded.Array
}

// newFeeds reads --input and the folder of recorded inputs.
func newFeeds(info *onnxmodel.Info, inputs map[string]string, folder string) (*feeds, error) {
	f := &feeds{by: map[string]onnxmodel.Feed{}, gave: map[string]given{}}
	var ins, outs []string
	for _, p := range info.Inputs {
		if native.TypeOf(p.Type) == 0 {
			return nil, fmt.Errorf("input %s is of type %s, which is no tensor that inputs here can be", p.Name, p.Type)
		}
		ins = append(ins, p.Name)
	}
	for _, p := range info.Outputs {
		if native.TypeOf(p.Type) == 0 {
			p.Name = "" // a sequence or an optional: not compared
		}
		outs = append(outs, p.Name)
	}
	for _, feed := range info.Feeds() {
		f.by[feed.Input] = feed
	}
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		i := slices.Index(ins, name)
		if i < 0 {
			return nil, fmt.Errorf("--input %s: the model has no such input: it has %s", name, strings.Join(ins, ", "))
		}
		g, err := parseGiven(name, inputs[name], native.TypeOf(info.Inputs[i].Type))
		if err != nil {
			return nil, fmt.Errorf("--input %s: %w", name, err)
		}
		f.gave[name] = g
	}
	if folder == "" {
		return f, nil
	}
	var err error
	if f.sets, err = recorded.Sets(folder, ins, outs); err != nil {
		return nil, fmt.Errorf("recorded inputs: %w", err)
	}
	return f, nil
}

// parseGiven reads a value, a list, LO..HI, text, @FILE.npy or @FILE.npz.
func parseGiven(name, text string, t native.Type) (given, error) {
	g := given{text: text}
	if path, ok := strings.CutPrefix(text, "@"); ok {
		arrays, err := recorded.File(path)
		if err != nil {
			return g, err
		}
		i := slices.IndexFunc(arrays, func(a recorded.Array) bool { return a.Name == name })
		if i < 0 && len(arrays) > 1 {
			return g, fmt.Errorf("%s holds %d arrays and none is called %s", path, len(arrays), name)
		}
		g.array = &arrays[max(i, 0)]
		if native.TypeOf(g.array.Type) != t {
			return g, fmt.Errorf("%s holds %s, the input takes %v", path, g.array.Type, t)
		}
		return g, nil
	}
	if t == native.String {
		g.words = strings.Split(text, ",")
		return g, nil
	}
	if lo, hi, ok := strings.Cut(text, ".."); ok {
		a, err1 := strconv.ParseFloat(strings.TrimSpace(lo), 64)
		b, err2 := strconv.ParseFloat(strings.TrimSpace(hi), 64)
		if err1 != nil || err2 != nil || !(a <= b) {
			return g, fmt.Errorf("%q is no range such as 0..500", text)
		}
		g.lo, g.hi, g.whole = a, b, !t.Floating()
		return g, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if b, berr := strconv.ParseBool(strings.TrimSpace(part)); err != nil && berr == nil {
			v, err = float64(native.B2i(b)), nil
		}
		if err != nil {
			return g, fmt.Errorf("%q is neither a number, a list, a range LO..HI nor @FILE.npy", text)
		}
		g.values = append(g.values, v)
	}
	return g, nil
}

// shape is the shape of an input: as recorded, as the given array has it, or
// what the model says under the sizes of a request.
func (f *feeds) shape(p *native.Port, set int, sizes map[string]int) ([]int64, error) {
	if a := f.array(p.Name, set); a != nil {
		return a.Shape, nil
	}
	if p.NoShape {
		return nil, fmt.Errorf("input %s states no shape: give it one by --input %s=@FILE.npy or a folder of recorded inputs", p.Name, p.Name)
	}
	return p.Eval(sizes)
}

// array is what was recorded for an input; nil where it is made.
func (f *feeds) array(name string, set int) *recorded.Array {
	if set > 0 && set <= len(f.sets) {
		if a, ok := f.sets[set-1].Inputs[name]; ok {
			return &a
		}
	}
	return f.gave[name].array
}

// outputs are what was recorded with a set of inputs.
func (f *feeds) outputs(set int) map[string]recorded.Array {
	if set < 1 || set > len(f.sets) {
		return nil
	}
	return f.sets[set-1].Outputs
}

// text is what an input of strings holds: n of them.
func (f *feeds) text(name string, set, n int) []string {
	words := f.gave[name].words
	if a := f.array(name, set); a != nil {
		words = a.Text
	}
	out := make([]string, n)
	for i := range out {
		if len(words) > 0 {
			out[i] = words[i%len(words)]
		}
	}
	return out
}

// fill writes the elements of an input. shapes are those of all inputs.
func (f *feeds) fill(x native.Tensor, name string, set int, seed uint64, shapes map[string][]int64) error {
	if a := f.array(name, set); a != nil {
		if len(a.Data) != x.Bytes {
			return fmt.Errorf("input %s: %d recorded bytes for %d", name, len(a.Data), x.Bytes)
		}
		copy(x.Raw(), a.Data)
		return nil
	}
	n := x.Bytes / max(x.Typ.Size(), 1)
	at := f.maker(x.Typ, name, &seed, shapes, n)
	for i := range n {
		x.Set(i, at(i))
	}
	return nil
}

// maker is the rule of an input as a function of the element's index.
func (f *feeds) maker(t native.Type, name string, seed *uint64, shapes map[string][]int64, n int) func(int) float64 {
	uniform := func(bound float64) float64 { return math.Floor(unit53(seed) * bound) }
	if g, ok := f.gave[name]; ok {
		switch {
		case g.values != nil:
			return func(i int) float64 { return g.values[i%len(g.values)] }
		case g.whole:
			return func(int) float64 { return g.lo + uniform(g.hi-g.lo+1) }
		}
		return func(int) float64 { return g.lo + unit53(seed)*(g.hi-g.lo) }
	}
	feed := f.by[name]
	size := func(axis int) float64 {
		s := shapes[feed.Of]
		if axis < 0 {
			axis += len(s)
		}
		if axis < 0 || axis >= len(s) {
			return 1
		}
		return float64(s[axis])
	}
	switch feed.Rule {
	case onnxmodel.Fixed:
		return func(int) float64 { return feed.Value }
	case onnxmodel.Listed:
		return func(i int) float64 { return feed.Values[i%len(feed.Values)] }
	case onnxmodel.Count:
		return func(i int) float64 { return float64(i % max(lastDim(shapes[name]), 1)) }
	case onnxmodel.Largest:
		return func(int) float64 { return math.MaxInt64 }
	case onnxmodel.Index:
		bound := feed.Value
		if bound == 0 {
			bound = size(feed.Axis)
		}
		return func(int) float64 { return uniform(max(bound, 1)) }
	case onnxmodel.Size:
		across := len(shapes[name]) == 1 && n > 1 && n <= len(shapes[feed.Of])-feed.Axis && int64(n) != shapes[feed.Of][0]
		return func(i int) float64 {
			if !across {
				i = 0
			}
			return max(size(feed.Axis+i)+feed.Value, 0)
		}
	case onnxmodel.Halves:
		return func(i int) float64 {
			whole := int(size(feed.Axis))
			return float64((i+1)*whole/n - i*whole/n)
		}
	case onnxmodel.Keep:
		return func(i int) float64 {
			if i == n-1 {
				return -1
			}
			return 0
		}
	}
	if t.Floating() {
		return func(int) float64 { return float64(unit(seed)) }
	}
	return func(int) float64 { return uniform(2) }
}

func lastDim(shape []int64) int {
	if len(shape) == 0 {
		return 1
	}
	return int(shape[len(shape)-1])
}

// unit53 is uniform in [0, 1) with 53 bits.
func unit53(seed *uint64) float64 { return float64(build.Splitmix64(seed)>>11) / (1 << 53) }

// unit is uniform in [0, 1).
func unit(seed *uint64) float32 { return float32(build.Splitmix64(seed)>>40) / (1 << 24) }

// madeUp says in a sentence which inputs are made up and how; "" when none is.
func (f *feeds) madeUp(g *native.Graph) string {
	var parts []string
	for i := range g.Inputs {
		p := &g.Inputs[i]
		if _, ok := f.gave[p.Name]; ok || f.array(p.Name, 1) != nil {
			continue
		}
		feed := f.by[p.Name]
		what := describeRule(feed, p.Typ)
		if feed.Role != "" {
			what = feed.Role + ", " + what
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", p.Name, what))
	}
	if parts == nil {
		return ""
	}
	return "inputs made up: " + strings.Join(parts, ", ") + "; --input NAME=VALUE gives one"
}

func describeRule(f onnxmodel.Feed, t native.Type) string {
	switch f.Rule {
	case onnxmodel.Fixed:
		return strconv.FormatFloat(f.Value, 'g', -1, 64)
	case onnxmodel.Listed:
		return strings.Trim(fmt.Sprint(f.Values), "[]")
	case onnxmodel.Index:
		return "random, in range"
	case onnxmodel.Size:
		if f.Of == "" {
			return "1"
		}
		return fmt.Sprintf("axis %d of %s", f.Axis, f.Of)
	case onnxmodel.Count:
		return "0, 1, 2, …"
	case onnxmodel.Keep:
		return "which changes nothing"
	case onnxmodel.Halves:
		return "equal"
	case onnxmodel.Largest:
		return "to the end"
	}
	if t.Floating() {
		return "uniform in [0, 1)"
	}
	return "0 or 1"
}
