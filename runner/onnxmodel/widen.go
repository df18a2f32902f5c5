package onnxmodel

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

func isHalf(t int32) bool { return t == build.Float16 || t == build.BFloat16 }

// Widen gives the path of the same model in float32: weights, constants, casts,
// cache and outputs; other inputs keep their type and are widened inside, so that
// both models read the same numbers. It is the model itself where nothing in it is
// half. The result is kept in the cache as what Prepare makes is. Its graph, less
// its external data, has to fit a protobuf message (2 GiB).
func Widen(info *Info) (path string, err error) {
	half := false
	for _, src := range info.sources() {
		m, err := scan(src)
		if err != nil {
			return "", err
		}
		m.graph.tensors(func(t *tensor) { half = half || isHalf(t.dtype) })
		for _, p := range append(slices.Clone(m.graph.inputs), m.graph.outputs...) {
			half = half || p.Type == "float16" || p.Type == "bfloat16"
		}
	}
	if !half {
		return info.Path, nil
	}
	dir, _, err := info.derive("-float32", func(tmp string) error { return widenAll(tmp, info) })
	return filepath.Join(dir, filepath.Base(info.Path)), err
}

func widenAll(dir string, info *Info) error {
	if info.Config != "" {
		if err := copyFile(info.Config, filepath.Join(dir, filepath.Base(info.Config))); err != nil {
			return err
		}
	}
	for _, src := range info.sources() {
		if err := widenFile(src, filepath.Join(dir, filepath.Base(src))); err != nil {
			return fmt.Errorf("widen %s: %w", src, err)
		}
	}
	return nil
}

// widener rewrites one model.
type widener struct {
	from string   // folder of the source's external data
	out  *os.File // of weights in float32
	at   int64
	cast map[string]string // half inputs of the main graph to their widened values
	err  error
}

func widenFile(src, dst string) error {
	scanned, err := scan(src)
	if err != nil {
		return err
	}
	if scanned.size > math.MaxInt32 {
		return fmt.Errorf("its graph takes %d MB, 2 GB can be read", scanned.size>>20)
	}
	raw, err := os.ReadFile(src)
	if err != nil {
		return err
	}
	m := new(onnxpb.ModelProto)
	if err := proto.Unmarshal(raw, m); err != nil {
		return err
	}
	out, err := os.Create(dst + "_float32")
	if err != nil {
		return err
	}
	defer out.Close()
	w := &widener{from: filepath.Dir(src), out: out, cast: map[string]string{}}
	w.inputs(m.GetGraph(), scanned.graph.roles(scanned.graph.feeds()))
	w.graph(m.GetGraph(), true)
	w.cast = nil // functions have names of their own
	for _, f := range m.GetFunctions() {
		w.nodes(f.GetNode())
	}
	if w.err != nil {
		return w.err
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return err
	}
	if err := os.WriteFile(dst, b, 0o644); err != nil {
		return err
	}
	wide, err := scan(dst)
	if err != nil {
		return err
	}
	return linkExternal(scanned, filepath.Dir(dst), wide.graph.locations())
}

// inputs finds the half inputs that stay: all but the cache.
func (w *widener) inputs(g *onnxpb.GraphProto, r roles) {
	wide := map[string]bool{}
	for _, p := range ports(r.past) {
		wide[name(p)] = true
	}
	for _, t := range g.GetInitializer() {
		wide[t.GetName()] = true
	}
	for _, v := range g.GetInput() {
		if isHalf(v.GetType().GetTensorType().GetElemType()) && !wide[v.GetName()] {
			w.cast[v.GetName()] = v.GetName() + ".float32"
		}
	}
}

func (w *widener) graph(g *onnxpb.GraphProto, main bool) {
	for _, t := range g.GetInitializer() {
		w.tensor(t)
	}
	for _, t := range g.GetSparseInitializer() {
		w.tensor(t.GetValues())
	}
	for _, v := range g.GetInput() {
		if !main || w.cast[v.GetName()] == "" {
			widenType(v.GetType())
		}
	}
	for _, v := range append(slices.Clone(g.GetOutput()), g.GetValueInfo()...) {
		widenType(v.GetType())
	}
	w.nodes(g.GetNode())
	if !main {
		return
	}
	var casts []*onnxpb.NodeProto
	for _, v := range g.GetInput() {
		if to := w.cast[v.GetName()]; to != "" {
			casts = append(casts, &onnxpb.NodeProto{OpType: proto.String("Cast"), Name: proto.String(to), Input: []string{v.GetName()}, Output: []string{to},
				Attribute: []*onnxpb.AttributeProto{{Name: proto.String("to"), Type: onnxpb.AttributeProto_INT.Enum(), I: proto.Int64(int64(build.Float))}}})
		}
	}
	g.Node = append(casts, g.GetNode()...)
}

func widenType(t *onnxpb.TypeProto) {
	if x := t.GetTensorType(); x != nil && isHalf(x.GetElemType()) {
		x.ElemType = proto.Int32(build.Float)
	}
}

// typeAttributes name an element type.
var typeAttributes = []string{"to", "dtype", "output_dtype", "output_datatype"}

func (w *widener) nodes(nodes []*onnxpb.NodeProto) {
	for _, n := range nodes {
		for i, in := range n.GetInput() {
			if to := w.cast[in]; to != "" {
				n.Input[i] = to
			}
		}
		for _, a := range n.GetAttribute() {
			if slices.Contains(typeAttributes, a.GetName()) && isHalf(int32(a.GetI())) {
				a.I = proto.Int64(int64(build.Float))
			}
			w.tensor(a.GetT())
			for _, t := range a.GetTensors() {
				w.tensor(t)
			}
			for _, g := range append(slices.Clone(a.GetGraphs()), a.GetG()) {
				if g != nil {
					w.graph(g, false)
				}
			}
		}
	}
}

// tensor widens a weight or constant; large ones go to the data file.
func (w *widener) tensor(t *onnxpb.TensorProto) {
	if t == nil || !isHalf(t.GetDataType()) || w.err != nil {
		return
	}
	var raw []byte
	if raw, w.err = w.data(t); w.err != nil {
		return
	}
	wide := make([]byte, 0, 2*len(raw))
	for i := 0; i+1 < len(raw); i += 2 {
		h := binary.LittleEndian.Uint16(raw[i:])
		bits := uint32(h) << 16
		if t.GetDataType() == build.Float16 {
			bits = math.Float32bits(HalfToFloat(h))
		}
		wide = binary.LittleEndian.AppendUint32(wide, bits)
	}
	t.DataType, t.RawData, t.Int32Data, t.ExternalData, t.DataLocation = proto.Int32(build.Float), wide, nil, nil, nil
	if len(wide) < externalMin {
		return
	}
	if _, w.err = w.out.WriteAt(wide, w.at); w.err != nil {
		return
	}
	t.RawData, t.DataLocation = nil, onnxpb.TensorProto_EXTERNAL.Enum()
	t.ExternalData = []*onnxpb.StringStringEntryProto{entry("location", filepath.Base(w.out.Name())), entry("offset", strconv.FormatInt(w.at, 10)), entry("length", strconv.Itoa(len(wide)))}
	w.at += (int64(len(wide)) + externalAlign - 1) / externalAlign * externalAlign
}

// data are the bytes of a half tensor, wherever they lie.
func (w *widener) data(t *onnxpb.TensorProto) ([]byte, error) {
	if t.GetDataLocation() != onnxpb.TensorProto_EXTERNAL {
		raw := t.GetRawData()
		for _, x := range t.GetInt32Data() {
			raw = binary.LittleEndian.AppendUint16(raw, uint16(x))
		}
		return raw, nil
	}
	at := map[string]string{}
	for _, e := range t.GetExternalData() {
		at[e.GetKey()] = e.GetValue()
	}
	offset, _ := strconv.ParseInt(at["offset"], 10, 64)
	n := int64(2)
	for _, d := range t.GetDims() {
		n *= d
	}
	if !filepath.IsLocal(at["location"]) || n < 0 {
		return nil, fmt.Errorf("weight %q lies in %q", t.GetName(), at["location"])
	}
	f, err := open(filepath.Join(w.from, at["location"]))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || offset+n > st.Size() {
		return nil, fmt.Errorf("weight %q: %w", t.GetName(), io.ErrUnexpectedEOF)
	}
	raw := make([]byte, n)
	_, err = f.ReadAt(raw, offset)
	return raw, err
}
