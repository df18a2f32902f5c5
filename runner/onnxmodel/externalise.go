package onnxmodel

import (
	"os"
	"path/filepath"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

const (
	externalMin   = 1024 // bytes: smaller weights stay in the graph file
	externalAlign = 4096 // so that the runtime can map each tensor
)

// externaliser moves inline weights out of the graph file.
type externaliser struct {
	scanner
	location string // of the data file, relative to the graph file
	at       int64  // size of the data file so far
	moved    []movedTensor
}

type movedTensor struct {
	src span
	off int64
}

// apply is a graphEdit for initializers; others are for next.
func (e *externaliser) apply(w *wire, f field, g *pieces, next graphEdit) error {
	if f.num != graphInitializer {
		return next(w, f, g)
	}
	e.wire = w
	t, err := e.tensor(f)
	if err != nil {
		return err
	}
	n := t.elements()
	if t.extern && n == 0 { // an empty file cannot be mapped, and ONNX Runtime 1.30 aborts once it has read one
		return g.message(graphInitializer, &onnxpb.TensorProto{Dims: t.dims, DataType: proto.Int32(t.dtype), Name: proto.String(t.name)})
	}
	if t.extern || t.other || n < 0 || n > 1<<50 || t.data.len() < externalMin || t.data.len() != (n*elemBits[t.dtype]+7)/8 {
		g.copy(f.whole)
		return nil
	}
	e.moved = append(e.moved, movedTensor{t.data, e.at})
	x := &onnxpb.TensorProto{
		Dims: t.dims, DataType: proto.Int32(t.dtype), Name: proto.String(t.name),
		DataLocation: onnxpb.TensorProto_EXTERNAL.Enum(),
		ExternalData: []*onnxpb.StringStringEntryProto{
			entry("location", e.location),
			entry("offset", strconv.FormatInt(e.at, 10)),
			entry("length", strconv.FormatInt(t.data.len(), 10)),
		},
	}
	e.at += (t.data.len() + externalAlign - 1) / externalAlign * externalAlign
	return g.message(graphInitializer, x)
}

func entry(k, v string) *onnxpb.StringStringEntryProto {
	return &onnxpb.StringStringEntryProto{Key: proto.String(k), Value: proto.String(v)}
}

// writeData writes the weights that were moved out of src.
func (e *externaliser) writeData(path string, src *os.File) error {
	if len(e.moved) == 0 {
		return nil
	}
	if err := needSpace(filepath.Dir(path), e.at); err != nil {
		return err
	}
	return writeFile(path, func(out *os.File) error {
		for _, m := range e.moved {
			if _, err := out.Seek(m.off, 0); err != nil {
				return err
			}
			if err := copyRange(out, src, m.src); err != nil {
				return err
			}
		}
		return nil
	})
}

func externalise(src, dst string, next graphEdit) error {
	in, err := open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	e := &externaliser{location: filepath.Base(dst) + "_data"}
	err = rewrite(src, dst, func(w *wire, f field, g *pieces) error { return e.apply(w, f, g, next) }, nil)
	if err != nil {
		return err
	}
	if err := e.writeData(dst+"_data", in); err != nil {
		return err
	}
	m, err := scan(src)
	if err != nil {
		return err
	}
	return linkExternal(m, filepath.Dir(dst), m.graph.locations())
}

// linkExternal puts those external data files of m that are wanted under dir, at
// the same relative places: hard links where the file system allows it, else
// copies. Runtimes refuse symbolic links that leave the model's folder.
func linkExternal(m *model, dir string, wanted map[string]bool) error {
	files, err := m.externalFiles()
	if err != nil {
		return err
	}
	for _, x := range files {
		if !wanted[x.Name] {
			continue
		}
		from, err := filepath.EvalSymlinks(filepath.Join(filepath.Dir(m.path), x.Name))
		if err != nil {
			return err
		}
		to := filepath.Join(dir, x.Name)
		if same(from, to) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if os.Link(from, to) == nil {
			continue
		}
		if err := copyFile(from, to); err != nil {
			return err
		}
	}
	return nil
}

func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	st, err := src.Stat()
	if err != nil {
		return err
	}
	if err := needSpace(filepath.Dir(to), st.Size()); err != nil {
		return err
	}
	return writeFile(to, func(out *os.File) error { return copyRange(out, src, span{0, st.Size()}) })
}
