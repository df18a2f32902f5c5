package build

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tailscope/tailscope/runner/onnxmodel/onnxpb"
)

// External data below this many bytes stays in the model file, as the ONNX
// helpers do.
const externalMin = 1024

const irVersion = 7

// MaxInline is protobuf's limit: a message of 2 GiB cannot be read back.
const MaxInline = 1<<31 - 1

// Options say how a graph becomes a file.
type Options struct {
	External bool // weights go into <file>_data beside the model
	Progress func(done, total int64)
}

// Write streams the model to path (and path_data). Weights never are in
// memory as a whole. The same graph gives the same bytes.
func (g *Graph) Write(path string, o Options) error {
	return write(path, func(out *bufio.Writer) error { return g.writeModel(out, path, o) })
}

func write(path string, body func(*bufio.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	if err = body(out); err == nil {
		err = out.Flush()
	}
	return errors.Join(err, f.Close())
}

// opsets are ONNX's own operators and those of g.Domains, at version 1.
func (g *Graph) opsets() []*onnxpb.OperatorSetIdProto {
	out := []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(cmp.Or(g.Opset, 14))}}
	for _, d := range g.Domains {
		out = append(out, &onnxpb.OperatorSetIdProto{Domain: proto.String(d), Version: proto.Int64(1)})
	}
	return out
}

func (g *Graph) writeModel(out *bufio.Writer, path string, o Options) error {
	det := proto.MarshalOptions{Deterministic: true}
	model, err := det.Marshal(&onnxpb.ModelProto{
		IrVersion: proto.Int64(irVersion), ProducerName: proto.String("tailscope"), ProducerVersion: proto.String(strconv.Itoa(Version)),
		OpsetImport: g.opsets(),
	})
	if err != nil {
		return err
	}
	graph, err := det.Marshal(g.Proto())
	if err != nil {
		return err
	}
	heads, size, offsets := g.layout(filepath.Base(path)+"_data", o.External)
	total := int64(len(graph)) + size
	if total > MaxInline-4096 {
		return fmt.Errorf("%s: %d bytes in one file is more than protobuf reads; use external data", path, total)
	}
	model = protowire.AppendTag(model, 7, protowire.BytesType)
	model = protowire.AppendVarint(model, uint64(total))
	out.Write(model)
	out.Write(graph)
	p := &progress{Options: o}
	for _, w := range g.Weights {
		p.total += w.Size()
	}
	for i, w := range g.Weights {
		out.Write(heads[i])
		if offsets[i] < 0 {
			if err := w.writeTo(out); err != nil {
				return err
			}
			p.add(w.Size())
		}
	}
	if !o.External {
		return nil
	}
	return write(path+"_data", func(data *bufio.Writer) error { return g.writeData(data, offsets, p) })
}

// layout makes, for each weight, the bytes before its raw data (all of it
// for external ones), their total size including raw data, and the offset in
// the data file or −1.
func (g *Graph) layout(dataName string, external bool) (heads [][]byte, size int64, offsets []int64) {
	var at int64
	for _, w := range g.Weights {
		off := int64(-1)
		if external && w.Size() >= externalMin {
			off = at
			at += (w.Size() + align - 1) / align * align
		}
		h := w.header(dataName, off)
		heads, offsets = append(heads, h), append(offsets, off)
		size += int64(len(h))
		if off < 0 {
			size += w.Size()
		}
	}
	return heads, size, offsets
}

// align lets the runtime map each tensor by itself.
const align = 4096

func (w Weight) header(dataName string, off int64) []byte {
	t := &onnxpb.TensorProto{DataType: proto.Int32(w.DType), Name: proto.String(w.Name)}
	for _, d := range w.Dims {
		t.Dims = append(t.Dims, int64(d))
	}
	if off >= 0 {
		t.DataLocation = onnxpb.TensorProto_EXTERNAL.Enum()
		for _, kv := range [][2]string{{"location", dataName}, {"offset", strconv.FormatInt(off, 10)}, {"length", strconv.FormatInt(w.Size(), 10)}} {
			t.ExternalData = append(t.ExternalData, &onnxpb.StringStringEntryProto{Key: proto.String(kv[0]), Value: proto.String(kv[1])})
		}
	}
	body, _ := proto.MarshalOptions{Deterministic: true}.Marshal(t)
	n := int64(len(body))
	if off < 0 {
		body = protowire.AppendTag(body, 9, protowire.BytesType)
		body = protowire.AppendVarint(body, uint64(w.Size()))
		n = int64(len(body)) + w.Size()
	}
	head := protowire.AppendTag(nil, 5, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(n))
	return append(head, body...)
}

func (g *Graph) writeData(out *bufio.Writer, offsets []int64, p *progress) error {
	var at int64
	var zero [align]byte
	for i, w := range g.Weights {
		if offsets[i] < 0 {
			continue
		}
		for at < offsets[i] {
			n, err := out.Write(zero[:min(align, offsets[i]-at)])
			if err != nil {
				return err
			}
			at += int64(n)
		}
		if err := w.writeTo(out); err != nil {
			return err
		}
		at += w.Size()
		p.add(w.Size())
	}
	return nil
}

type progress struct {
	Options
	done, total int64
}

func (p *progress) add(n int64) {
	p.done += n
	if p.Progress != nil {
		p.Progress(p.done, p.total)
	}
}
