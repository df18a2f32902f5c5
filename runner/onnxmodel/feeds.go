package onnxmodel

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Rule says how the elements of an input are made.
type Rule int

// Rules of made-up inputs.
const (
	Noise   Rule = iota // floats uniform in [0, 1), integers 0 or 1
	Fixed               // every element is Value
	Index               // whole numbers uniform in [0, bound): the size Of along Axis, or Value where that is 0
	Size                // the size Of along Axis, as long as elements last: more than one element take successive axes
	Count               // 0, 1, 2, …
	Keep                // a target shape that changes nothing: 0 where an axis is kept, −1 for the rest
	Halves              // the size Of along Axis in equal parts
	Largest             // the largest value of the type: "to the end"
	Listed              // Values, again from the start where they are too few
)

// Feed says what an input of a graph means, and so how it is made up.
type Feed struct {
	Input  string
	Role   string // "a mask", "lengths of x", …; "" where nothing is known
	Rule   Rule
	Value  float64
	Values []float64
	Of     string // the input whose size counts
	Axis   int
}

// feedRules are what an input's name says of it, in order; types are the
// initials of element types that it holds for: f floats, i integers, b bool.
var feedRules = []struct {
	name  *regexp.Regexp
	types string
	most  int // number of elements at most where the shape is known; 0: any
	feed  Feed
}{
	{regexp.MustCompile(`(?i)mask`), "fib", 0, Feed{Role: "a mask", Rule: Fixed, Value: 1}},
	{regexp.MustCompile(`(?i)^(sr|fs|sample_?rate|sampling_?rate)$`), "fi", 1, Feed{Role: "a sample rate", Rule: Fixed, Value: 16000}},
	{regexp.MustCompile(`(?i)^(temperature|length_?scale|speed|top_?p|scale_?factor|repetition_?penalty)$`), "fi", 2, Feed{Role: "a factor", Rule: Fixed, Value: 1}},
	{regexp.MustCompile(`(?i)^noise_?scale(_?w)?$`), "f", 1, Feed{Role: "a noise scale", Rule: Fixed, Value: 0.667}},
	{regexp.MustCompile(`(?i)^scales$`), "f", 3, Feed{Role: "noise, length and noise width scales of a voice", Rule: Listed, Values: []float64{0.667, 1, 0.8}}},
	{regexp.MustCompile(`(?i)^(top_?k)$`), "i", 1, Feed{Role: "a count", Rule: Fixed, Value: 40}},
	{regexp.MustCompile(`(?i)train|^use_cache|is_first|^(sid|speaker(_?id)?|lang(uage)?(_?id)?|langid)$`), "ib", 0, Feed{Role: "a flag or an identity", Rule: Fixed}},
	{regexp.MustCompile(`(?i)(^|_)seqlens_k$`), "i", 0, Feed{Role: "lengths less one", Rule: Size, Value: -1}},
	{regexp.MustCompile(`(?i)(^|_)(x_)?(len|lens|length|lengths|seq_len|seqlens)$|_lengths?$|_lens?$`), "i", 0, Feed{Role: "lengths", Rule: Size}},
	{regexp.MustCompile(`(?i)total_sequence_length`), "i", 1, Feed{Role: "a length", Rule: Size}},
	{regexp.MustCompile(`(?i)^(im_?shape|orig_?size|target_?sizes?|image_?size)$`), "fi", 0, Feed{Role: "the picture's height and width", Rule: Size, Axis: 2}},
	{regexp.MustCompile(`(?i)(^|_)(pos|position_?ids)$`), "i", 0, Feed{Role: "positions", Rule: Count}},
	{regexp.MustCompile(`(?i)^bytes?$`), "i", 0, Feed{Role: "bytes", Rule: Index, Value: 256}},
	{regexp.MustCompile(`(?i)token_type|segment_?ids`), "i", 0, Feed{Role: "segments", Rule: Fixed}},
}

// divisor is the role of whole numbers that must not be 0.
const divisor = "a divisor"

// operandRules are what an operator's operand must be.
var operandRules = map[string]map[int]Feed{
	"Reshape":                 {1: {Role: "a target shape", Rule: Keep}},
	"Expand":                  {1: {Role: "a target shape", Rule: Fixed, Value: 1}},
	"ConstantOfShape":         {0: {Role: "a shape", Rule: Fixed, Value: 2}},
	"RandomNormal":            {0: {Role: "a shape", Rule: Fixed, Value: 2}},
	"Tile":                    {1: {Role: "repeats", Rule: Fixed, Value: 1}},
	"Slice":                   {1: {Role: "starts", Rule: Fixed}, 2: {Role: "ends", Rule: Largest}, 3: {Role: "axes", Rule: Count}, 4: {Role: "steps", Rule: Fixed, Value: 1}},
	"Pad":                     {1: {Role: "padding", Rule: Fixed}, 3: {Role: "axes", Rule: Count}},
	"Resize":                  {2: {Role: "scales", Rule: Fixed, Value: 1}, 3: {Role: "sizes", Rule: Size}},
	"Upsample":                {1: {Role: "scales", Rule: Fixed, Value: 1}},
	"TopK":                    {1: {Role: "a count", Rule: Fixed, Value: 1}},
	"Range":                   {0: {Role: "a start", Rule: Fixed}, 1: {Role: "a limit", Rule: Fixed, Value: 16}, 2: {Role: "a step", Rule: Fixed, Value: 1}},
	"Split":                   {1: {Role: "parts", Rule: Halves}},
	"Unsqueeze":               {1: {Role: "axes", Rule: Count}},
	"CumSum":                  {1: {Role: "an axis", Rule: Fixed}},
	"Trilu":                   {1: {Role: "a diagonal", Rule: Fixed}},
	"Dropout":                 {1: {Role: "a ratio", Rule: Fixed}, 2: {Role: "a flag", Rule: Fixed}},
	"Loop":                    {0: {Role: "a trip count", Rule: Fixed, Value: 4}, 1: {Role: "a condition", Rule: Fixed, Value: 1}},
	"If":                      {0: {Role: "a condition", Rule: Fixed, Value: 1}},
	"OneHot":                  {0: {Role: "indices", Rule: Index}, 1: {Role: "a depth", Rule: Fixed, Value: 8}},
	"ReverseSequence":         {1: {Role: "lengths", Rule: Size}},
	"HannWindow":              {0: {Role: "a size", Rule: Fixed, Value: 16}},
	"HammingWindow":           {0: {Role: "a size", Rule: Fixed, Value: 16}},
	"BlackmanWindow":          {0: {Role: "a size", Rule: Fixed, Value: 16}},
	"CenterCropPad":           {1: {Role: "sizes", Rule: Size}},
	"NonMaxSuppression":       {2: {Role: "a count", Rule: Fixed, Value: 10}, 3: {Role: "a threshold", Rule: Fixed, Value: 0.5}, 4: {Role: "a threshold", Rule: Fixed}},
	"Gather":                  {1: {Role: "indices", Rule: Index}},
	"GatherElements":          {1: {Role: "indices", Rule: Index}},
	"GatherND":                {1: {Role: "indices", Rule: Index}},
	"Scatter":                 {1: {Role: "indices", Rule: Index}},
	"ScatterElements":         {1: {Role: "indices", Rule: Index}},
	"ScatterND":               {1: {Role: "indices", Rule: Index}},
	"LSTM":                    {4: {Role: "lengths", Rule: Size}},
	"GRU":                     {4: {Role: "lengths", Rule: Size}},
	"RNN":                     {4: {Role: "lengths", Rule: Size}},
	"Div":                     {1: {Role: divisor, Rule: Fixed, Value: 1}},
	"Mod":                     {1: {Role: divisor, Rule: Fixed, Value: 1}},
	"Compress":                {1: {Role: "a condition", Rule: Fixed, Value: 1}},
	"STFT":                    {1: {Role: "a step", Rule: Fixed, Value: 4}, 3: {Role: "a length", Rule: Fixed, Value: 16}},
	"DFT":                     {1: {Role: "a length", Rule: Fixed, Value: 16}, 2: {Role: "an axis", Rule: Fixed, Value: 1}},
	"EmbedLayerNormalization": {0: {Role: "token ids", Rule: Index}, 1: {Role: "segments", Rule: Fixed}},
	"GroupQueryAttention":     {5: {Role: "lengths less one", Rule: Size, Value: -1}, 6: {Role: "a length", Rule: Size}},
}

// tableOperand is the operand that an Index operand looks into, where that is
// not the first, and axisName its attribute.
var tableOperand = map[string]int{"EmbedLayerNormalization": 2}

// through are operators that change no values of what is fed.
var through = map[string]bool{"Cast": true, "Identity": true, "Unsqueeze": true, "Squeeze": true, "Reshape": true, "Flatten": true, "Transpose": true, "Expand": true}

// Feeds says what every input of the model means.
func (i *Info) Feeds() []Feed { return i.feeds }

func findFeeds(g *graph, inputs []Port) []Feed {
	uses := g.uses(inputs)
	out := make([]Feed, len(inputs))
	for n, p := range inputs {
		f, op := named(p), g.operand(uses[p.Name], inputs)
		if op != nil && strings.HasPrefix(op.Role, divisor) && !strings.Contains(p.Type, "int") {
			op = nil
		}
		if op != nil && (f == nil || f.Rule == Size && op.Rule == Size && op.Of != "") {
			f = op
		}
		switch {
		case f == nil && p.Type == "uint8" && len(p.Dims) > 2:
			f = &Feed{Role: "bytes of a picture", Rule: Index, Value: 256}
		case f == nil:
			f = &Feed{}
		}
		f.Input = p.Name
		if f.Rule == Size && f.Of == "" {
			f.measure(p, inputs)
		}
		out[n] = *f
	}
	return out
}

// named is what the name of an input says.
func named(p Port) *Feed {
	kind := "f"
	switch {
	case p.Type == "bool":
		kind = "b"
	case strings.Contains(p.Type, "int"):
		kind = "i"
	}
	for _, r := range feedRules {
		if strings.Contains(r.types, kind) && r.name.MatchString(p.Name) && (r.most == 0 || p.NoShape || len(p.Dims) < 2) {
			f := r.feed
			return &f
		}
	}
	return nil
}

// use is an operand that an input reaches unchanged.
type use struct {
	n  *node
	at int
}

// uses follows inputs through operators that keep values.
func (g *graph) uses(inputs []Port) map[string][]use {
	from := map[string]string{}
	for _, p := range inputs {
		from[p.Name] = p.Name
	}
	out := map[string][]use{}
	g.walk(func(n *node) {
		for at, in := range n.in {
			root, ok := from[in]
			if !ok || in == "" {
				continue
			}
			out[root] = append(out[root], use{n, at})
			if at == 0 && through[n.op] && len(n.out) > 0 {
				from[n.out[0]] = root
			}
		}
	})
	return out
}

// operand is what the operators that read an input ask of it.
func (g *graph) operand(uses []use, inputs []Port) *Feed {
	for _, u := range uses {
		f, ok := operandRules[u.n.op][u.at]
		if !ok {
			if !strings.HasPrefix(u.n.op, "Reduce") || u.at != 1 {
				continue
			}
			f = Feed{Role: "axes", Rule: Count}
		}
		f.Role += " of " + u.n.op
		f.Axis = int(u.n.axis)
		table := tableOperand[u.n.op]
		if table >= len(u.n.in) {
			return &f
		}
		if f.Rule == Size || f.Rule == Index || f.Rule == Halves {
			if i := slices.IndexFunc(inputs, func(p Port) bool { return p.Name == u.n.in[table] }); i >= 0 {
				f.Of = inputs[i].Name
			}
			if w := g.weight(u.n.in[table]); w != nil && f.Axis >= 0 && f.Axis < len(w.dims) && f.Rule == Index {
				f.Value = float64(w.dims[f.Axis])
				f.Role = fmt.Sprintf("indices of a table of %d", w.dims[f.Axis])
			}
		}
		if u.n.op == "ReverseSequence" {
			f.Axis = int(u.n.timeAxis)
		}
		return &f
	}
	return nil
}

// weight is an initializer by name.
func (g *graph) weight(name string) *tensor {
	i := slices.IndexFunc(g.inits, func(t tensor) bool { return t.name == name })
	if i < 0 {
		return nil
	}
	return &g.inits[i]
}

// measure finds what a length measures: the input that shares the beginning of
// its name, else the first other input with more than one dimension, along its
// first axis that is neither the batch nor fixed.
func (f *Feed) measure(p Port, inputs []Port) {
	stem := strings.ToLower(p.Name)
	if i := strings.LastIndexAny(stem, "_."); i > 0 {
		stem = stem[:i]
	}
	best, score := -1, -1
	for i, q := range inputs {
		if q.Name == p.Name || len(q.Dims) < 2 && !(len(q.Dims) == 1 && len(inputs) == 2) {
			continue
		}
		s := 0
		if name := strings.ToLower(q.Name); strings.HasPrefix(name, stem) || strings.HasPrefix(stem, name) {
			s = 2
		}
		if strings.Contains(q.Type, "float") {
			s++
		}
		if s > score {
			best, score = i, s
		}
	}
	if best < 0 {
		f.Rule, f.Value = Fixed, 1
		return
	}
	q := inputs[best]
	f.Of, f.Role = q.Name, f.Role+" of "+q.Name
	if f.Axis > 0 {
		return
	}
	for axis := range q.Dims {
		if axis == 0 && len(q.Dims) > 1 {
			continue
		}
		if _, fixed := q.Dim(axis); !fixed {
			f.Axis = axis
			return
		}
	}
	f.Axis = min(1, len(q.Dims)-1)
}
