package recorded

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

// npy writes an array as NumPy 1.0 does.
func npy(descr, shape string, data []byte) []byte {
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape)
	header += strings.Repeat(" ", 63-(len(header)+10)%64) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	return append(append(b, header...), data...)
}

func floats(v ...float32) (b []byte) {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func TestReadNPY(t *testing.T) {
	a, err := ReadNPY(bytes.NewReader(npy("<f4", "2, 3", floats(1, 2, 3, 4, 5, 6))))
	if err != nil || a.Type != "float32" || fmt.Sprint(a.Shape) != "[2 3]" || !bytes.Equal(a.Data, floats(1, 2, 3, 4, 5, 6)) {
		t.Fatalf("%+v, %v", a, err)
	}
	if a, err = ReadNPY(bytes.NewReader(npy("|b1", "", []byte{1}))); err != nil || len(a.Shape) != 0 || a.Type != "bool" {
		t.Fatalf("a scalar: %+v, %v", a, err)
	}
	for name, b := range map[string][]byte{
		"cut short": npy("<f4", "2, 3", floats(1)), "no array": []byte("PK\x03\x04aaaaaaaaaaaa"), "objects": npy("|O", "1", nil),
		"big-endian": npy(">f4", "1", floats(1)), "a huge shape": npy("<f8", "99999999999, 99999999999", nil), "empty": nil,
	} {
		if a, err := ReadNPY(bytes.NewReader(b)); err == nil {
			t.Errorf("%s was read: %+v", name, a)
		}
	}
}

func TestSets(t *testing.T) {
	dir := t.TempDir()
	for n := range 11 {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range []string{"x", "y"} {
			w, _ := z.Create(name + ".npy")
			w.Write(npy("<f4", "1", floats(float32(n))))
		}
		z.Close()
		must.OK(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("r_%d.npz", n)), b.Bytes(), 0o644))
	}
	sets, err := Sets(dir, []string{"x"}, []string{"y"})
	if err != nil || len(sets) != 11 {
		t.Fatalf("%d sets, %v", len(sets), err)
	}
	for n, s := range sets {
		if !bytes.Equal(s.Inputs["x"].Data, floats(float32(n))) || len(s.Outputs) != 1 {
			t.Errorf("set %d is %s", n, s.Name)
		}
	}
	if _, err := Sets(dir, []string{"z"}, nil); err == nil || !strings.Contains(err.Error(), `no input "x"`) {
		t.Errorf("an array that is no input: %v", err)
	}
	if _, err := Sets(t.TempDir(), []string{"x"}, nil); err == nil {
		t.Error("an empty folder was read")
	}
}

// ONNX's own test sets: elements in any of the message's fields.
func TestONNXSet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "test_data_set_0")
	must.OK(t, os.Mkdir(dir, 0o755))
	for file, m := range map[string]*onnxpb.TensorProto{
		"input_0.pb":  {DataType: proto.Int32(1), Dims: []int64{2}, FloatData: []float32{1, 2}, Name: proto.String("x")},
		"input_1.pb":  {DataType: proto.Int32(6), Dims: []int64{1}, Int32Data: []int32{-3}},
		"output_0.pb": {DataType: proto.Int32(8), Dims: []int64{1}, StringData: [][]byte{[]byte("hi")}},
	} {
		b, _ := proto.Marshal(m)
		must.OK(t, os.WriteFile(filepath.Join(dir, file), b, 0o644))
	}
	sets, err := Sets(filepath.Dir(dir), []string{"x", "n"}, []string{"y"})
	if err != nil || len(sets) != 1 {
		t.Fatalf("%v, %v", sets, err)
	}
	s := sets[0]
	if !bytes.Equal(s.Inputs["x"].Data, floats(1, 2)) || !bytes.Equal(s.Inputs["n"].Data, []byte{0xfd, 0xff, 0xff, 0xff}) || s.Outputs["y"].Text[0] != "hi" {
		t.Errorf("%+v", s)
	}
}

func FuzzReadNPY(f *testing.F) {
	f.Add(npy("<f4", "2, 3", floats(1, 2, 3, 4, 5, 6)))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ReadNPY(bytes.NewReader(b))
		if err == nil && len(a.Data) > len(b) {
			t.Fatalf("%d bytes of elements out of %d", len(a.Data), len(b))
		}
	})
}

func FuzzTensor(f *testing.F) {
	b, _ := proto.Marshal(&onnxpb.TensorProto{DataType: proto.Int32(13), Dims: []int64{2}, Uint64Data: []uint64{1, 2}})
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := tensor(b); err == nil && a.Type != "string" {
			n := widths[a.Type]
			for _, d := range a.Shape {
				n *= d
			}
			if int64(len(a.Data)) != n {
				t.Fatalf("%d bytes for %v of %s", len(a.Data), a.Shape, a.Type)
			}
		}
	})
}
