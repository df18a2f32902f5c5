package onnxmodel

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

// prepareVersion changes whenever Prepare writes other graphs.
const prepareVersion = 4

// Graph is a graph file ready for a session, with the names of its ports.
// Weights lie outside of the file, so that sessions of all shapes share them.
// Symbolic input dimensions carry the names DimBatch, DimSeq, DimPast and
// DimTotal; fixing these four fixes every shape of the graph. WebGPU keeps
// int64 nodes (the mask's Cast, reshapes of ids) on the CPU unless its option
// enableInt64 is on; then a built-in graph of fixed shape runs on the device
// from end to end, as capturing it needs. With symbolic shapes that option
// makes things worse: 63 copies instead of 10.
type Graph struct {
	Path            string
	Inputs, Outputs []Port

	// Of a language model; "" or nil where the model has no such port.
	InputIDs, AttentionMask, PositionIDs string
	Last, Room, Shift                    string
	Past, Present                        []string // key and value, layer by layer; Present[i] is bound as Past[i] of the next step
	Logits, Token                        string
	Constant                             bool // Present is as long as Past: the cache keeps its length
	Grouped                              bool // of Constant: the cache's real entries stand at its left
}

// Prepared is a model made ready for the engine, in the user's cache.
type Prepared struct {
	Dir  string
	Info *Info

	// Prefill takes a prompt: Past, where it has any, is given with length 0.
	// The graph may be the same file as Decode.
	Prefill *Graph
	// Decode takes one token and the past and gives the past with it appended
	// (length DimTotal); Prefill itself where that can, nil when the model keeps no cache.
	Decode *Graph
	// Bucketed is Decode with a cache of constant length: Present has length
	// DimPast again, so outputs can be bound in place of inputs. The cache is
	// padded on the left, the oldest entries are cut off and attention_mask
	// (length DimTotal) is 0 there; under GroupQueryAttention it is padded on the
	// right, as long as attention_mask (length DimPast). nil when that gives wrong answers; WhyNotBucketed says why.
	Bucketed       *Graph
	WhyNotBucketed string
	// PrefillRight takes a prompt that is padded on the right and gives the
	// cache of its real tokens (length DimKept); nil where padding stands on
	// the left. PrefillFill gives a cache of constant length for Bucketed, the
	// prompt first; nil where Bucketed takes the prompt itself.
	PrefillRight, PrefillFill *Graph
	// PrefillCapture and BucketedCapture answer like Prefill and Bucketed and can
	// be captured on WebGPU; nil where the other is.
	PrefillCapture, BucketedCapture *Graph
	// Forward runs any model; nil for language models.
	Forward *Graph
}

// Prepare makes the graphs that the engine runs from the model at path (as
// Resolve gives it). The result is kept in the cache under a key of the
// files' paths, sizes and times; weights are moved once, not loaded.
func Prepare(path string) (*Prepared, error) {
	info, err := Inspect(path)
	if err != nil {
		return nil, err
	}
	p := &Prepared{Info: info}
	var made bool
	if p.Dir, made, err = info.derive("", p.write); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	if made {
		prune(filepath.Dir(p.Dir), p.Dir, absolute(path))
	}
	return p, p.load()
}

// sources are the files that the model consists of, without external data.
func (i *Info) sources() []string {
	if i.withPast != "" {
		return []string{i.Path, i.withPast}
	}
	return []string{i.Path}
}

// derive gives the folder of the cache for what is made of the model as its files
// are now, and makes it by write where it is not there.
func (i *Info) derive(kind string, write func(tmp string) error) (dir string, made bool, err error) {
	root, err := cacheRoot()
	if err != nil {
		return "", false, err
	}
	key, err := prepareKey(i.sources())
	if err != nil {
		return "", false, err
	}
	dir = filepath.Join(root, "prepared", strings.TrimSuffix(filepath.Base(i.Path), ".onnx")+kind+"-"+key)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", false, err
	}
	err = ensureDir(dir, func(tmp string) error {
		made = true
		if err := os.WriteFile(filepath.Join(tmp, sourceFile), []byte(absolute(i.Path)+"\n"), 0o644); err != nil {
			return err
		}
		return write(tmp)
	})
	return dir, made, err
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func prepareKey(paths []string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, prepareVersion)
	for _, path := range paths {
		m, err := scan(path)
		if err != nil {
			return "", err
		}
		external, err := m.externalFiles()
		if err != nil {
			return "", err
		}
		files := []string{path}
		for _, x := range external {
			files = append(files, filepath.Join(filepath.Dir(path), x.Name))
		}
		for _, f := range files {
			st, err := os.Stat(f)
			if err != nil {
				return "", err
			}
			fmt.Fprintln(h, absolute(f), st.Size(), st.ModTime().UnixNano())
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// Names of the graph files in a prepared folder.
const (
	baseFile     = "base.onnx"
	decodeFile   = "decode.onnx"
	prefillFile  = "prefill.onnx"
	bucketedFile = "bucketed.onnx"
	rightFile    = "prefill_right.onnx"
	fillFile     = "prefill_fill.onnx"

	prefillCaptureFile  = "prefill_capture.onnx"
	bucketedCaptureFile = "bucketed_capture.onnx"
)

func (p *Prepared) write(dir string) error {
	sources := p.Info.sources()
	bases := make([]string, len(sources))
	for i, src := range sources {
		m, err := scan(src)
		if err != nil {
			return err
		}
		r := m.graph.roles(m.graph.feeds())
		edit := &portEdit{dims: r.canonical(m.graph.inputs)}
		bases[i] = filepath.Join(dir, fmt.Sprintf("%d_%s", i, baseFile))
		if err := externalise(src, bases[i], edit.apply); err != nil {
			return err
		}
	}
	if p.Info.Kind != KindCausalLM {
		return os.Rename(bases[0], filepath.Join(dir, baseFile))
	}
	if err := p.writeLM(dir, bases); err != nil {
		return err
	}
	for _, b := range bases {
		if err := os.Remove(b); err != nil {
			return err
		}
	}
	return nil
}

func (p *Prepared) writeLM(dir string, bases []string) error {
	first, last := bases[0], bases[len(bases)-1]
	merged := p.Info.Layout == LayoutMerged
	v := variant{merged: merged, shift: p.Info.mask.shift}
	if err := v.write(first, filepath.Join(dir, prefillFile)); err != nil {
		return err
	}
	if p.Info.PadsRight() {
		if err := (variant{merged: merged, right: true}).write(first, filepath.Join(dir, rightFile)); err != nil {
			return err
		}
	}
	if err := v.captured().write(first, filepath.Join(dir, prefillCaptureFile)); err != nil {
		return err
	}
	if !p.Info.Cached() {
		return nil
	}
	decode := filepath.Join(dir, decodeFile)
	if first == last && !merged {
		if err := os.Link(filepath.Join(dir, prefillFile), decode); err != nil {
			return err
		}
	} else if err := (variant{merged: merged, cached: true, shift: v.shift}).write(last, decode); err != nil {
		return err
	}
	if p.Info.whyNotBucketed() != "" {
		return nil
	}
	if p.Info.mask.grouped {
		if err := (variant{merged: merged, right: true, fill: true}).write(first, filepath.Join(dir, fillFile)); err != nil {
			return err
		}
	}
	v = variant{merged: merged, cached: true, bucketed: true, shift: v.shift, grouped: p.Info.mask.grouped}
	if err := v.write(last, filepath.Join(dir, bucketedFile)); err != nil {
		return err
	}
	return v.captured().write(last, filepath.Join(dir, bucketedCaptureFile))
}

// variant says how a graph is made from a base.
type variant struct {
	merged   bool // the branch of a merged decoder is chosen by cached
	cached   bool
	bucketed bool // presents are cut back to the length of the past
	capture  bool // outputs are computed, not copied
	right    bool // the prompt is padded on the right: its last token is told, presents are cut to it
	fill     bool // of right: presents are filled up to the length of a constant cache
	shift    bool // positions do not count padding
	grouped  bool // of bucketed: attention counts its cache from the left and keeps its length
}

func (v variant) captured() variant {
	v.capture = true
	return v
}

// write writes base with the token output, as the variant says.
func (v variant) write(base, dst string) error {
	m, err := scan(base)
	if err != nil {
		return err
	}
	r := m.graph.roles(m.graph.feeds())
	edit := &portEdit{rename: map[string]string{}}
	if v.merged {
		edit.drop = map[string]bool{r.branch.Name: true}
	}
	cut := tailBuilder{prefix: "cut_"}
	var added []string // inputs
	at := ""
	if v.bucketed || v.right {
		edit.dims = map[string][]string{}
	}
	switch {
	case v.right:
		at, added = LastInput, append(added, LastInput)
		if v.fill {
			added = append(added, RoomInput)
		}
		cut.keep(r, edit, v.fill)
	case v.bucketed && v.grouped:
		constantCache(r, edit)
	case v.bucketed:
		cut.presents(r, edit)
	}
	if v.shift {
		edit.before, added = m.graph.positionEdges(), append(added, ShiftInput)
	}
	if v.capture {
		cut.guard(m.graph, r, edit)
	}
	return rewrite(base, dst, edit.apply, func(g *pieces) error {
		for _, name := range added {
			if err := g.message(graphInput, valueInfo(name, "int64", []string{"1"})); err != nil {
				return err
			}
		}
		if v.merged {
			if err := g.message(graphInitializer, branchValue(r.branch, v.cached)); err != nil {
				return err
			}
		}
		if err := cut.flush(g); err != nil {
			return err
		}
		return appendToken(g, r, at)
	})
}

// branchValue is use_cache_branch as a constant, which the runtime folds.
func branchValue(p *Port, cached bool) *onnxpb.TensorProto {
	t := &onnxpb.TensorProto{DataType: proto.Int32(int32(onnxpb.TensorProto_BOOL)), Name: proto.String(p.Name), RawData: []byte{0}}
	if cached {
		t.RawData[0] = 1
	}
	for range p.Dims {
		t.Dims = append(t.Dims, 1)
	}
	return t
}

// presents adds, for each present, a Slice that drops as many of the oldest
// entries as there are new tokens, and makes it the output instead.
func (t *tailBuilder) presents(r roles, edit *portEdit) {
	shape := t.op("Shape", []string{r.ids.Name})
	from := t.op("Gather", []string{shape, t.ints(1)}, build.AttrInt("axis", 0))
	to, axis := t.ints(1<<63-1), t.ints(2)
	for _, p := range ports(r.present) {
		out := "tailscope." + p.Name
		t.named(out, "Slice", []string{p.Name, from, to, axis})
		edit.dims[p.Name], edit.rename[p.Name] = p.ofLength(DimPast), out
	}
}
