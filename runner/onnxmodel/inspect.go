package onnxmodel

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tailscope/tailscope/configs/dims"
	"github.com/tailscope/tailscope/stats"
)

// Kinds of models.
const (
	KindCausalLM = stats.CausalLM
	KindAny      = stats.AnyModel
)

// Layouts of models on disk.
const (
	LayoutSingle = "single" // one graph
	LayoutPair   = "pair"   // decoder_model.onnx and decoder_with_past_model.onnx
	LayoutMerged = "merged" // one graph with the input use_cache_branch
)

// Info is what is in a model file and what it allows. Zero values mean unknown.
type Info struct {
	Path          string         `json:"path"`
	Layout        string         `json:"layout"`
	Kind          string         `json:"kind"`
	WhyNotLM      string         `json:"why_not_causal_lm,omitempty"` // of kind any: a sentence
	Bytes         int64          `json:"bytes"`                       // graph files and weights
	ExternalFiles []ExternalFile `json:"external_files,omitempty"`

	Producer  string           `json:"producer,omitempty"`
	IRVersion int64            `json:"ir_version"`
	Opsets    map[string]int64 `json:"opsets"` // domain to version; "" is ONNX's own

	Inputs    []Port         `json:"inputs"`
	Outputs   []Port         `json:"outputs"`
	Dims      []string       `json:"dims"`  // symbolic input dimensions, in order of appearance
	Nodes     int            `json:"nodes"` // in all graphs
	Operators map[string]int `json:"operators"`

	DType   string `json:"dtype,omitempty"` // of most weights
	Weights int64  `json:"weights"`         // number of elements in floating point and quantized weights

	ModelType    string `json:"model_type,omitempty"` // as config.json says
	Layers       int    `json:"layers,omitempty"`
	Heads        int    `json:"heads,omitempty"`
	KVHeads      int    `json:"kv_heads,omitempty"`
	HeadDim      int    `json:"head_dim,omitempty"`
	Width        int    `json:"width,omitempty"`
	Vocab        int    `json:"vocab,omitempty"`
	MaxPositions int    `json:"max_positions,omitempty"`
	Config       string `json:"config,omitempty"`    // path of config.json, "" when sizes come from the graph
	Tokenizer    string `json:"tokenizer,omitempty"` // path of tokenizer.json

	Modes      []Allowed            `json:"modes"`
	Strategies map[string][]Allowed `json:"strategies"` // phase to strategies
	Notes      []string             `json:"notes,omitempty"`

	withPast string // of a pair: path of the second graph
	decode   roles  // of the graph that decodes
	mask     maskUse
	feeds    []Feed
}

// Allowed says whether something can be done with the model, else why not.
type Allowed struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Why   string `json:"why,omitempty"`
	Tried string `json:"tried,omitempty"` // what a trial on the model itself found
}

// maskUse says where positions of a language model come from.
type maskUse struct {
	mask      bool // there is an attention_mask
	positions bool // positions are given, or counted from attention_mask
	shift     bool // positions are counted by a Range that can be shifted
	grouped   bool // attention counts from the left (GroupQueryAttention)
}

// Inspect reads the model at path: a file, or a folder as Resolve takes it.
// Memory is bounded whatever the file claims; weights are not read. A file
// that no runtime could load is an error that names what is wrong with it.
func Inspect(path string) (*Info, error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		file, err := resolveDir(path)
		if err != nil {
			return nil, err
		}
		path = file
	}
	m, err := load(path)
	if err != nil {
		return nil, err
	}
	info := &Info{Path: path, Kind: KindAny, Layout: LayoutSingle, Operators: map[string]int{}, Opsets: m.opsets, IRVersion: m.ir}
	info.Producer = m.producer
	if m.producerVersion != "" {
		info.Producer += " " + m.producerVersion
	}
	info.addModel(m)
	info.Inputs, info.Outputs = m.graph.feeds(), m.graph.outputs
	r := m.graph.roles(info.Inputs)
	info.nameDims(r)
	info.decode = r
	decoder := m
	if info.WhyNotLM = r.notLM(); info.WhyNotLM == "" {
		info.Kind = KindCausalLM
		if decoder, err = info.findLayout(m, r); err != nil {
			return nil, err
		}
		info.mask = maskUse{mask: r.mask != nil, positions: r.positions != nil || decoder.graph.countsMask(), grouped: decoder.graph.usesGrouped()}
		info.mask.shift = info.mask.mask && !info.mask.positions && !info.mask.grouped && info.Layout == LayoutSingle && len(decoder.graph.positionEdges()) > 0
	}
	if info.Kind != KindCausalLM { // whose inputs the engine knows
		info.feeds = findFeeds(m.graph, info.Inputs)
	}
	info.sizes(decoder)
	info.readConfig()
	info.allow()
	return info, nil
}

// load scans and checks one file.
func load(path string) (*model, error) {
	m, err := scan(path)
	if err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	_, err = m.externalFiles()
	return m, err
}

// findLayout decides between the layouts and returns the model that decodes.
func (i *Info) findLayout(m *model, r roles) (*model, error) {
	if r.branch != nil {
		i.Layout = LayoutMerged
		return m, nil
	}
	sibling := filepath.Join(filepath.Dir(i.Path), "decoder_with_past_model.onnx")
	if len(r.past) > 0 || filepath.Base(i.Path) != "decoder_model.onnx" {
		return m, nil
	}
	if _, err := os.Stat(sibling); err != nil {
		i.Notes = append(i.Notes, "decoder_with_past_model.onnx is not beside decoder_model.onnx, so there is no decode")
		return m, nil
	}
	second, err := load(sibling)
	if err != nil {
		return nil, err
	}
	rr := second.graph.roles(second.graph.feeds())
	if why := rr.notLM(); why != "" {
		return nil, fmt.Errorf("model %s: does not belong to %s: %s", sibling, filepath.Base(i.Path), why)
	}
	if len(rr.past) != len(r.present) {
		return nil, fmt.Errorf("model %s: takes the past of %d layers, but %s gives that of %d", sibling, len(rr.past), filepath.Base(i.Path), len(r.present))
	}
	i.Layout, i.withPast, i.decode = LayoutPair, sibling, rr
	i.addModel(second)
	return second, nil
}

// addModel counts the nodes, weights and bytes of one file.
func (i *Info) addModel(m *model) {
	i.Bytes += m.size
	files, _ := m.externalFiles() // load has refused what is wrong
	for _, x := range files {
		if !slices.ContainsFunc(i.ExternalFiles, func(y ExternalFile) bool { return y.Name == x.Name }) {
			i.ExternalFiles = append(i.ExternalFiles, x)
			i.Bytes += x.Bytes
		}
	}
	m.graph.walk(func(n *node) {
		i.Nodes++
		name := n.op
		if n.domain != "" && n.domain != "ai.onnx" {
			name = n.domain + "." + n.op
		}
		i.Operators[name]++
	})
	byType := map[int32]int64{}
	m.graph.tensors(func(t *tensor) {
		if n := t.elements(); n > 0 && isWeight[t.dtype] {
			byType[t.dtype] += n
		}
	})
	var best int32
	for t, n := range byType {
		i.Weights += n
		if n > byType[best] || n == byType[best] && t < best {
			best = t
		}
	}
	if best != 0 && i.DType == "" {
		i.DType = ElemName(best)
	}
}

// isWeight are element types that weights have; int64 and int32 are shapes.
var isWeight = map[int32]bool{1: true, 2: true, 3: true, 10: true, 11: true, 16: true, 17: true, 18: true, 19: true, 20: true, 21: true, 22: true, 23: true}

// nameDims gives input dimensions that the file leaves unnamed the names that
// Prepare gives them, so that --dim can speak of them.
func (i *Info) nameDims(r roles) {
	named := r.canonical(i.Inputs)
	for n := range i.Inputs {
		p := &i.Inputs[n]
		p.Dims = slices.Clone(p.Dims)
		for d := range p.Dims {
			if p.Dims[d] == "?" {
				p.Dims[d] = named[p.Name][d]
			}
		}
	}
	i.Dims = symbols(i.Inputs)
}

// symbols are the symbolic dimensions of ports, without those that are
// expressions over others.
func symbols(ports []Port) (names []string) {
	for _, p := range ports {
		for d := range p.Dims {
			if s := p.Symbol(d); s != "" && !slices.Contains(names, s) {
				names = append(names, s)
			}
		}
	}
	return dims.Free(names)
}

// Cached says whether the model can decode with a cache.
func (i *Info) Cached() bool { return i.Kind == KindCausalLM && i.decode.notCached() == "" }
