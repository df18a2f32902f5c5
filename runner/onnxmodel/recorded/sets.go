package recorded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

// Set is one recorded request: inputs by name, and outputs where there are any.
type Set struct {
	Name            string
	Inputs, Outputs map[string]Array
}

// maxSets bounds how many sets of a folder are read.
const maxSets = 4096

// Sets reads a folder: its .npz files, its folders test_data_set_*, or itself
// as such a folder. inputs and outputs are the model's names, in order.
func Sets(dir string, inputs, outputs []string) ([]Set, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, err
	}
	var out []Set
	if slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "input_0.pb" }) {
		s, err := onnxSet(dir, inputs, outputs)
		return append(out, s), err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		var s Set
		switch {
		case e.IsDir() && strings.HasPrefix(e.Name(), "test_data_set"):
			s, err = onnxSet(path, inputs, outputs)
		case filepath.Ext(e.Name()) == ".npz":
			s, err = npzSet(path, inputs, outputs)
		default:
			continue
		}
		if err != nil {
			return nil, err
		}
		if out = append(out, s); len(out) > maxSets {
			return nil, fmt.Errorf("%s holds more than %d sets of inputs", dir, maxSets)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no recorded inputs: neither .npz files nor folders test_data_set_*", dir)
	}
	slices.SortStableFunc(out, func(a, b Set) int { return number(a.Name) - number(b.Name) })
	return out, nil
}

// number is the number at the end of a name, so that set 10 follows set 9.
func number(name string) int {
	name = strings.TrimSuffix(name, ".npz")
	i := strings.LastIndexFunc(name, func(r rune) bool { return r < '0' || r > '9' })
	n, _ := strconv.Atoi(name[i+1:])
	return n
}

func npzSet(path string, inputs, outputs []string) (Set, error) {
	arrays, err := File(path)
	if err != nil {
		return Set{}, err
	}
	s := Set{Name: filepath.Base(path), Inputs: map[string]Array{}, Outputs: map[string]Array{}}
	for _, a := range arrays {
		switch {
		case slices.Contains(inputs, a.Name):
			s.Inputs[a.Name] = a
		case slices.Contains(outputs, a.Name):
			s.Outputs[a.Name] = a
		default:
			return s, fmt.Errorf("%s: the model has no input %q: it has %s", path, a.Name, strings.Join(inputs, ", "))
		}
	}
	return s, nil
}

// onnxSet reads input_N.pb and output_N.pb. Their tensors carry names in most
// sets; where they do not, N is the position.
func onnxSet(dir string, inputs, outputs []string) (Set, error) {
	s := Set{Name: filepath.Base(dir)}
	var err error
	if s.Inputs, err = onnxTensors(dir, "input", inputs); err == nil {
		s.Outputs, err = onnxTensors(dir, "output", outputs)
	}
	if err == nil && len(s.Inputs) == 0 && len(inputs) > 0 {
		err = fmt.Errorf("%s holds no input_0.pb", dir)
	}
	return s, err
}

func onnxTensors(dir, kind string, names []string) (map[string]Array, error) {
	out := map[string]Array{}
	for n, name := range names {
		if name == "" {
			continue // no tensor: nobody asks for it
		}
		path := filepath.Join(dir, fmt.Sprintf("%s_%d.pb", kind, n))
		st, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // an optional input that is not given
		}
		if err == nil && (!st.Mode().IsRegular() || st.Size() > MaxBytes) {
			err = fmt.Errorf("%s is not a file of a tensor", path)
		}
		if err != nil {
			return nil, err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		a, err := tensor(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if !slices.Contains(names, a.Name) {
			a.Name = names[n]
		}
		out[a.Name] = a
	}
	return out, nil
}

// tensor reads a TensorProto.
func tensor(b []byte) (Array, error) {
	var t onnxpb.TensorProto
	if err := proto.Unmarshal(b, &t); err != nil || t.GetDataType() == 0 {
		return Array{}, errors.New("holds no tensor (a sequence, an optional, or a damaged file)")
	}
	a := Array{Name: t.GetName(), Type: typeNames[t.GetDataType()], Shape: t.GetDims()}
	n := int64(1)
	for _, d := range a.Shape {
		if d < 0 || d > 0 && n > MaxBytes/d {
			return a, fmt.Errorf("has impossible dimensions %v", a.Shape)
		}
		n *= d
	}
	if a.Type == "" {
		return a, fmt.Errorf("holds elements of ONNX's type %d, which no input here takes", t.GetDataType())
	}
	a.fill(&t)
	want := n * widths[a.Type]
	if a.Type == "string" && int64(len(a.Text)) != n || a.Type != "string" && int64(len(a.Data)) != want {
		return a, fmt.Errorf("holds %d bytes of elements, its dimensions %v of %s need %d", len(a.Data), a.Shape, a.Type, want)
	}
	return a, nil
}

var typeNames = map[int32]string{
	1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
	10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}

var widths = map[string]int64{
	"float32": 4, "uint8": 1, "int8": 1, "uint16": 2, "int16": 2, "int32": 4, "int64": 8, "bool": 1,
	"float16": 2, "float64": 8, "uint32": 4, "uint64": 8, "bfloat16": 2,
}

// fill takes the elements from whichever field of the message has them.
func (a *Array) fill(t *onnxpb.TensorProto) {
	le := binary.LittleEndian
	switch {
	case t.RawData != nil:
		a.Data = t.RawData
	case a.Type == "string":
		for _, s := range t.StringData {
			a.Text = append(a.Text, string(s))
		}
	case a.Type == "float32":
		for _, v := range t.FloatData {
			a.Data = le.AppendUint32(a.Data, math.Float32bits(v))
		}
	case a.Type == "float64":
		for _, v := range t.DoubleData {
			a.Data = le.AppendUint64(a.Data, math.Float64bits(v))
		}
	case a.Type == "int64":
		for _, v := range t.Int64Data {
			a.Data = le.AppendUint64(a.Data, uint64(v))
		}
	case a.Type == "uint64" || a.Type == "uint32":
		for _, v := range t.Uint64Data {
			a.Data = le.AppendUint64(a.Data, v)[:len(a.Data)+int(widths[a.Type])]
		}
	default: // the narrow types travel as int32
		for _, v := range t.Int32Data {
			a.Data = le.AppendUint32(a.Data, uint32(v))[:len(a.Data)+int(widths[a.Type])]
		}
	}
}
