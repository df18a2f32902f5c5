package onnxmodel

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
)

// Canonical names of symbolic dimensions in graphs that Prepare makes of a
// language model, whatever the source calls them.
const (
	DimBatch = build.DimBatch   // rows
	DimSeq   = build.DimSeq     // new tokens a row
	DimPast  = build.DimPast    // cached tokens a row, padding included
	DimTotal = build.DimTotal   // DimPast + DimSeq
	DimKept  = "tailscope_kept" // cached tokens a row that a padded prompt leaves
)

// Inputs that prepared graphs have besides the model's, each int64 [1].
const (
	LastInput  = "tailscope.last"  // index of the last real token of a prompt that is padded on the right
	RoomInput  = "tailscope.room"  // empty entries that the cache gets behind the prompt's
	ShiftInput = "tailscope.shift" // padding before the first real token, which positions do not count
)

// roles says which port of a graph plays which part in text generation.
type roles struct {
	ids, mask, positions, branch, logits *Port
	past, present                        []kvPorts
	rows                                 int             // of the table that ids look into; 0 unless known
	own                                  map[string]bool // of LastInput, RoomInput and ShiftInput those that are there
	unknown                              []string        // inputs that nothing is known about
}

type kvPorts struct{ key, value *Port }

// ports are keys and values, layer by layer; nil where one is missing.
func ports(layers []kvPorts) (out []*Port) {
	for _, kv := range layers {
		out = append(out, kv.key, kv.value)
	}
	return out
}

// name of a port, "" of none.
func name(p *Port) string {
	if p == nil {
		return ""
	}
	return p.Name
}

var (
	pastName    = regexp.MustCompile(`^past(?:_key_values)?[._](\d+)[._](?:self[._])?(key|value)s?$`)
	presentName = regexp.MustCompile(`^(?:tailscope\.)?present(?:_key_values)?[._](\d+)[._](?:self[._])?(key|value)s?$`)
)

// roles finds the parts of the graph's ports; inputs are what it is fed.
func (g *graph) roles(inputs []Port) roles {
	r := findRoles(inputs, g.outputs)
	if r.ids == nil || r.logits == nil {
		return r
	}
	if f := g.operand(g.uses([]Port{*r.ids})[r.ids.Name], inputs); f != nil && f.Rule == Index && f.Of == "" {
		r.rows = int(f.Value)
	}
	return r
}

func findRoles(inputs, outputs []Port) roles {
	var r roles
	for i := range inputs {
		p := &inputs[i]
		switch p.Name {
		case "input_ids":
			r.ids = p
		case "attention_mask":
			r.mask = p
		case "position_ids":
			r.positions = p
		case "use_cache_branch":
			r.branch = p
		case LastInput, RoomInput, ShiftInput:
			if r.own == nil {
				r.own = map[string]bool{}
			}
			r.own[p.Name] = true
		default:
			if !takeKV(&r.past, pastName, p) {
				r.unknown = append(r.unknown, p.Name)
			}
		}
	}
	for i := range outputs {
		p := &outputs[i]
		if p.Name == "logits" || p.Name == "tailscope.logits" {
			r.logits = p
			continue
		}
		takeKV(&r.present, presentName, p)
	}
	return r
}

// takeKV files p under its layer when its name is one of re.
func takeKV(kv *[]kvPorts, re *regexp.Regexp, p *Port) bool {
	m := re.FindStringSubmatch(p.Name)
	if m == nil {
		return false
	}
	layer, err := strconv.Atoi(m[1])
	if err != nil || layer > 4096 {
		return false
	}
	for len(*kv) <= layer {
		*kv = append(*kv, kvPorts{})
	}
	if m[2] == "key" {
		(*kv)[layer].key = p
	} else {
		(*kv)[layer].value = p
	}
	return true
}

// notLM says in a sentence why the graph is no causal language model that
// this program can drive; "" when it is one.
func (r roles) notLM() string {
	switch {
	case r.ids == nil:
		return "there is no input input_ids"
	case r.logits == nil:
		return "there is no output logits"
	case r.ids.Type != "int64" && r.ids.Type != "int32":
		return fmt.Sprintf("input_ids is %s, not an integer type", r.ids.Type)
	case !r.ids.NoShape && len(r.ids.Dims) != 2:
		return fmt.Sprintf("input_ids has %d dimensions, not 2 (batch, sequence)", len(r.ids.Dims))
	case !r.logits.NoShape && len(r.logits.Dims) != 3:
		return fmt.Sprintf("logits has %d dimensions, not 3 (batch, sequence, vocabulary)", len(r.logits.Dims))
	case logitsTypes[r.logits.Type] == 0:
		return fmt.Sprintf("logits is %s, not a floating point type", r.logits.Type)
	case r.narrow():
		return fmt.Sprintf("logits gives %s values a token, too few to be one of the %d that input_ids takes: it labels tokens", r.logits.Dims[2], r.rows)
	case len(r.unknown) > 0:
		return fmt.Sprintf("nothing is known about its input %s", r.unknown[0])
	}
	return ""
}

// narrow says that what comes out is no token that could go in again. Padding
// of either table is never four-fold.
func (r roles) narrow() bool {
	if r.logits.NoShape {
		return false
	}
	v, ok := r.logits.Dim(2)
	return ok && int(v)*4 < r.rows
}

var logitsTypes = map[string]int{"float32": 1, "float16": 1, "bfloat16": 1, "float64": 1}

// notCached says why the graph cannot take and give a cache; "" when it can.
func (r roles) notCached() string {
	if len(r.past) == 0 {
		return "it takes no past keys and values"
	}
	if len(r.present) != len(r.past) {
		return fmt.Sprintf("it takes the past of %d layers and gives that of %d", len(r.past), len(r.present))
	}
	for i := range r.past {
		for _, p := range []*Port{r.past[i].key, r.past[i].value, r.present[i].key, r.present[i].value} {
			switch {
			case p == nil:
				return fmt.Sprintf("layer %d lacks a key or a value", i)
			case len(p.Dims) != 4:
				return fmt.Sprintf("%s has %d dimensions, not 4 (batch, heads, length, width)", p.Name, len(p.Dims))
			}
		}
		past := r.past[i].key
		if _, ok := past.Dim(1); !ok {
			return fmt.Sprintf("%s does not state its number of heads", past.Name)
		}
		if _, ok := past.Dim(3); !ok {
			return fmt.Sprintf("%s does not state its width", past.Name)
		}
		if n, ok := past.Dim(2); ok {
			return fmt.Sprintf("%s has a fixed length of %d", past.Name, n)
		}
	}
	return ""
}

// canonical gives the ports of a language model the canonical names of
// symbolic dimensions; a dimension that is fixed stays fixed. Every other
// unnamed input dimension is named after its port, so that it can be fixed.
func (r roles) canonical(inputs []Port) map[string][]string {
	dims := map[string][]string{}
	set := func(p *Port, names ...string) {
		if p == nil || p.NoShape || len(p.Dims) != len(names) {
			return
		}
		d := append([]string(nil), p.Dims...)
		for i, name := range names {
			if _, fixed := p.Dim(i); !fixed && name != "" {
				d[i] = name
			}
		}
		dims[p.Name] = d
	}
	if r.notLM() == "" {
		total := DimSeq
		if len(r.past) > 0 {
			total = DimTotal
		}
		set(r.ids, DimBatch, DimSeq)
		set(r.mask, DimBatch, total)
		set(r.positions, DimBatch, DimSeq)
		set(r.logits, DimBatch, DimSeq, "")
		for _, p := range ports(r.past) {
			set(p, DimBatch, "", DimPast, "")
		}
		for _, p := range ports(r.present) {
			set(p, DimBatch, "", total, "")
		}
	}
	for _, p := range inputs {
		if dims[p.Name] != nil {
			continue
		}
		d := append([]string(nil), p.Dims...)
		for i := range d {
			if d[i] == "?" {
				d[i] = fmt.Sprintf("%s_%d", p.Name, i)
			}
		}
		dims[p.Name] = d
	}
	return dims
}
