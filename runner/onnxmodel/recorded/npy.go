package recorded

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Array is a tensor as it was recorded.
type Array struct {
	Name  string
	Type  string // as ONNX names element types: "float32", "int64", …, "string"
	Shape []int64
	Data  []byte   // row-major, little-endian; nil of strings
	Text  []string // of strings
}

// MaxBytes bounds one array.
const MaxBytes = 4 << 30

const maxHeader = 64 << 10

// numpyTypes are NumPy's type codes, without the byte order.
var numpyTypes = map[string]string{
	"f2": "float16", "f4": "float32", "f8": "float64", "b1": "bool", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64",
	"u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64",
}

var (
	npyDescr   = regexp.MustCompile(`'descr': *'([<>|=]?)([a-zA-Z]\d+)'`)
	npyFortran = regexp.MustCompile(`'fortran_order': *(True|False)`)
	npyShape   = regexp.MustCompile(`'shape': *\(([0-9, ]*)\)`)
)

// ReadNPY reads an array in NumPy's format, versions 1 to 3.
func ReadNPY(r io.Reader) (Array, error) {
	var a Array
	head := make([]byte, 8)
	if _, err := io.ReadFull(r, head); err != nil || string(head[:6]) != "\x93NUMPY" {
		return a, errors.New("is no NumPy array: it does not begin with NumPy's mark")
	}
	length := make([]byte, 2)
	if head[6] > 1 {
		length = make([]byte, 4)
	}
	if _, err := io.ReadFull(r, length); err != nil {
		return a, errors.New("is cut short in its header")
	}
	n := int(binary.LittleEndian.Uint16(length))
	if len(length) == 4 {
		n = int(binary.LittleEndian.Uint32(length))
	}
	if n > maxHeader {
		return a, fmt.Errorf("has a header of %d bytes: no NumPy writes that", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return a, errors.New("is cut short in its header")
	}
	return a, a.body(r, string(text))
}

// body reads what the header describes.
func (a *Array) body(r io.Reader, header string) error {
	descr, shape := npyDescr.FindStringSubmatch(header), npyShape.FindStringSubmatch(header)
	if descr == nil || shape == nil {
		return errors.New("holds no plain array of numbers (an object, a record or a header that is damaged)")
	}
	if a.Type = numpyTypes[descr[2]]; a.Type == "" || descr[1] == ">" {
		return fmt.Errorf("holds elements of NumPy's type %s%s, which no input here takes", descr[1], descr[2])
	}
	if f := npyFortran.FindStringSubmatch(header); f != nil && f[1] == "True" && strings.Count(shape[1], ",") > 1 {
		return errors.New("is in Fortran's order: save numpy.ascontiguousarray(x)")
	}
	size, _ := strconv.Atoi(descr[2][1:])
	bytes := int64(size)
	for part := range strings.SplitSeq(shape[1], ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		d, err := strconv.ParseInt(part, 10, 64)
		if err != nil || d > 0 && bytes > MaxBytes/d {
			return fmt.Errorf("has a shape of (%s): too large", shape[1])
		}
		bytes *= d
		a.Shape = append(a.Shape, d)
	}
	var err error
	if a.Data, err = io.ReadAll(io.LimitReader(r, bytes)); err == nil && int64(len(a.Data)) < bytes {
		err = fmt.Errorf("is cut short: %d of %d bytes of elements", len(a.Data), bytes)
	}
	return err
}

// File reads the arrays of an .npy or .npz file. The one of an .npy has no name.
func File(path string) ([]Array, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if filepath.Ext(path) == ".npz" {
		return npz(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a, err := ReadNPY(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return []Array{a}, nil
}

func npz(path string) ([]Array, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s is no .npz file: %w", path, err)
	}
	defer z.Close()
	var out []Array
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, f.Name, err)
		}
		a, err := ReadNPY(r)
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, f.Name, err)
		}
		a.Name = name
		out = append(out, a)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no array", path)
	}
	return out, nil
}
