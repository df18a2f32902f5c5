package onnxmodel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxString bounds names and other small fields that are read into memory.
const maxString = 1 << 20

// errCut marks a protobuf that ends inside a field or is none.
var errCut = errors.New("cut short or not protobuf")

var errRank = fmt.Errorf("a tensor of more than %d dimensions", maxRank)

// span is the range [off, end) of a file.
type span struct{ off, end int64 }

func (s span) len() int64 { return s.end - s.off }

// field is one protobuf field: body is the content without tag and length,
// whole includes them.
type field struct {
	num   protowire.Number
	typ   protowire.Type
	value uint64 // varint and fixed types
	body  span   // bytes type
	whole span
}

// wire reads protobuf fields of a file by position, through one small window.
// Memory does not depend on lengths that the file states.
type wire struct {
	r    io.ReaderAt
	size int64
	buf  []byte
	at   int64 // file offset of buf[0]
}

func newWire(r io.ReaderAt, size int64) *wire { return &wire{r: r, size: size} }

// peek returns up to n bytes at off without passing end.
func (w *wire) peek(off, end int64, n int) ([]byte, error) {
	n = int(min(int64(n), end-off, w.size-off))
	if n <= 0 {
		return nil, errCut
	}
	if off < w.at || off+int64(n) > w.at+int64(len(w.buf)) {
		if cap(w.buf) == 0 {
			w.buf = make([]byte, 16<<10)
		}
		w.buf = w.buf[:min(int64(cap(w.buf)), w.size-off)]
		w.at = off
		if _, err := w.r.ReadAt(w.buf, off); err != nil && err != io.EOF {
			w.buf = w.buf[:0]
			return nil, err
		}
	}
	i := off - w.at
	return w.buf[i : i+int64(n)], nil
}

// next reads the field at off, which must lie before end.
func (w *wire) next(off, end int64) (field, error) {
	b, err := w.peek(off, end, 2*binary.MaxVarintLen64)
	if err != nil {
		return field{}, err
	}
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return field{}, errCut
	}
	f := field{num: num, typ: typ}
	rest, at := b[n:], off+int64(n)
	var (
		m      int
		length uint64
	)
	switch typ {
	case protowire.VarintType:
		f.value, m = protowire.ConsumeVarint(rest)
	case protowire.Fixed64Type:
		f.value, m = protowire.ConsumeFixed64(rest)
	case protowire.Fixed32Type:
		var v uint32
		v, m = protowire.ConsumeFixed32(rest)
		f.value = uint64(v)
	case protowire.BytesType:
		length, m = protowire.ConsumeVarint(rest)
	default: // groups do not occur in ONNX
		return f, errCut
	}
	at += int64(m)
	if m < 0 || length > uint64(end-at) {
		return f, errCut
	}
	f.whole = span{off, at + int64(length)}
	if typ == protowire.BytesType {
		f.body = span{at, f.whole.end}
	}
	return f, nil
}

// each calls fn for every field of message s.
func (w *wire) each(s span, fn func(field) error) error {
	for off := s.off; off < s.end; {
		f, err := w.next(off, s.end)
		if err != nil {
			return err
		}
		if err := fn(f); err != nil {
			return err
		}
		off = f.whole.end
	}
	return nil
}

// bytes reads a small field into memory.
func (w *wire) bytes(s span, limit int64) ([]byte, error) {
	if s.len() > limit {
		return nil, fmt.Errorf("a field of %d bytes where at most %d are read", s.len(), limit)
	}
	if s.len() == 0 {
		return nil, nil
	}
	b := make([]byte, s.len())
	if s.off >= w.at && s.end <= w.at+int64(len(w.buf)) { // usual: in the window already
		copy(b, w.buf[s.off-w.at:])
		return b, nil
	}
	if _, err := w.r.ReadAt(b, s.off); err != nil {
		return nil, errCut
	}
	return b, nil
}

func (w *wire) str(s span) (string, error) {
	b, err := w.bytes(s, maxString)
	return string(b), err
}
