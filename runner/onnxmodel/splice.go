package onnxmodel

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Field numbers of ModelProto and GraphProto (onnx-ml.proto).
const (
	modelGraph = 7

	graphNode        = 1
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12
	graphValueInfo   = 13
	graphSparse      = 15
)

// piece is a part of a rewritten file: bytes, or a range of the source.
type piece struct {
	mem []byte
	src span
}

// pieces is a file to be written: source ranges are copied by the kernel.
type pieces []piece

func (p *pieces) bytes(b []byte) { *p = append(*p, piece{mem: b}) }

// copy appends a source range, joined to the one before it where it follows.
func (p *pieces) copy(s span) {
	if n := len(*p); n > 0 && (*p)[n-1].mem == nil && (*p)[n-1].src.end == s.off {
		(*p)[n-1].src.end = s.end
		return
	}
	*p = append(*p, piece{src: s})
}

// message appends a field holding an encoded message.
func (p *pieces) message(num protowire.Number, m proto.Message) error {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return err
	}
	b := protowire.AppendTag(nil, num, protowire.BytesType)
	p.bytes(protowire.AppendBytes(b, body))
	return nil
}

func (p pieces) size() (n int64) {
	for _, x := range p {
		n += int64(len(x.mem)) + x.src.len()
	}
	return n
}

// writeTo writes the pieces to out, the ranges from src.
func (p pieces) writeTo(out, src *os.File) error {
	buf := bufio.NewWriterSize(out, 64<<10)
	for _, x := range p {
		if x.mem != nil {
			buf.Write(x.mem)
			continue
		}
		r := io.NewSectionReader(src, x.src.off, x.src.len())
		if x.src.len() > 256<<10 { // let the kernel copy it
			if err := buf.Flush(); err != nil {
				return err
			}
			if err := copyRange(out, src, x.src); err != nil {
				return err
			}
			continue
		}
		if n, err := io.Copy(buf, r); err != nil {
			return err
		} else if n != x.src.len() {
			return errCut
		}
	}
	return buf.Flush()
}

// copyRange copies without passing through the heap (copy_file_range).
func copyRange(out, src *os.File, s span) error {
	if _, err := src.Seek(s.off, io.SeekStart); err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(src, s.len()))
	if err == nil && n != s.len() {
		err = errCut
	}
	return err
}

// graphEdit decides about one field of the main graph: it appends to g what
// stands in its place. Copying the field is g.copy(f.whole).
type graphEdit func(w *wire, f field, g *pieces) error

// rewrite streams src to dst, edit applied to each field of the main graph
// and tail called at the graph's end. dst appears only when it is complete.
func rewrite(src, dst string, edit graphEdit, tail func(g *pieces) error) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	all, err := plan(in, edit, tail)
	if err != nil {
		return fmt.Errorf("%s: %w", src, err)
	}
	return writeFile(dst, func(out *os.File) error { return all.writeTo(out, in) })
}

func plan(in *os.File, edit graphEdit, tail func(g *pieces) error) (pieces, error) {
	st, err := in.Stat()
	if err != nil {
		return nil, err
	}
	w := newWire(in, st.Size())
	var all, graph pieces
	found := false
	err = w.each(span{0, st.Size()}, func(f field) error {
		if f.num != modelGraph || f.typ != protowire.BytesType {
			all.copy(f.whole)
			return nil
		}
		found = true
		return w.each(f.body, func(f field) error {
			if edit == nil {
				graph.copy(f.whole)
				return nil
			}
			return edit(w, f, &graph)
		})
	})
	if err == nil && !found {
		err = errors.New("holds no graph")
	}
	if err == nil && tail != nil {
		err = tail(&graph)
	}
	if err != nil {
		return nil, err
	}
	if graph.size() > 1<<31-1-all.size() {
		return nil, fmt.Errorf("%d bytes in one file is more than protobuf reads", graph.size())
	}
	head := protowire.AppendTag(nil, modelGraph, protowire.BytesType)
	all.bytes(protowire.AppendVarint(head, uint64(graph.size())))
	return append(all, graph...), nil
}

// writeFile makes path by body, first under another name in the same folder.
func writeFile(path string, body func(*os.File) error) error {
	tmp := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	err = errors.Join(body(f), f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
	}
	return err
}
