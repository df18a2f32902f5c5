package onnxmodel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailscope/tailscope/configs/regular"
)

// Bounds of what a scan keeps in memory, whatever a file claims.
const (
	maxNodes   = 1 << 20
	maxNames   = 256 << 20 // bytes of all names together
	maxDepth   = 32        // of nested subgraphs
	maxRank    = 64
	maxTensors = 1 << 20
)

// model is what a scan of a file keeps: structure, and where weights lie.
type model struct {
	path                      string
	size                      int64
	ir                        int64
	producer, producerVersion string
	opsets                    map[string]int64 // domain to version
	graph                     *graph
}

// graph is a main graph or a subgraph.
type graph struct {
	nodes           []node
	inputs, outputs []Port
	inits           []tensor
}

type node struct {
	op, domain, name string
	in, out          []string
	sub              []*graph
	consts           []tensor // tensor attributes
	axis, timeAxis   int16    // attributes
}

// tensor is an initializer or a tensor attribute, without its data.
type tensor struct {
	name     string
	dtype    int32
	dims     []int64
	data     span // raw_data, or float_data, the same bytes on a little-endian wire
	other    bool // data in another typed field
	external map[string]string
	extern   bool // data_location is EXTERNAL
}

// elements is the number of elements, or −1 when the dims are absurd.
func (t tensor) elements() int64 {
	n := int64(1)
	for _, d := range t.dims {
		if d < 0 || d > 0 && n > (1<<60)/d {
			return -1
		}
		n *= d
	}
	return n
}

type scanner struct {
	*wire
	nodes, tensors int
	names          int64
	named          field // name of the attribute in hand
}

// scan reads the structure of the model at path.
func scan(path string) (*model, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	m, err := scanReader(f, st.Size())
	if head := make([]byte, 24); err != nil {
		if _, _ = f.ReadAt(head, 0); bytes.HasPrefix(head, []byte("version https://git-lfs")) {
			err = errors.New("is a git-lfs pointer, not the model itself; 'git lfs pull' fetches it")
		}
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	m.path = path
	return m, nil
}

// open opens a regular file with bytes in it.
func open(path string) (*os.File, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	st, err := f.Stat()
	switch {
	case err != nil:
	case st.Size() == 0:
		err = fmt.Errorf("model %s: is empty (0 bytes)", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func scanReader(r io.ReaderAt, size int64) (*model, error) {
	s := &scanner{wire: newWire(r, size)}
	m := &model{size: size, opsets: map[string]int64{}}
	err := s.each(span{0, size}, func(f field) error { return s.modelField(m, f) })
	if errors.Is(err, errCut) {
		if m.graph == nil && len(m.opsets) == 0 {
			return nil, errors.New("is not an ONNX file")
		}
		return nil, errors.New("is cut short or damaged: a field reaches past its end")
	}
	if err != nil {
		return nil, err
	}
	if m.graph == nil {
		return nil, errors.New("is not an ONNX file: it holds no graph")
	}
	return m, nil
}

func (s *scanner) modelField(m *model, f field) (err error) {
	switch f.num {
	case 1:
		m.ir = int64(f.value)
	case 2:
		m.producer, err = s.name(f)
	case 3:
		m.producerVersion, err = s.name(f)
	case modelGraph:
		if m.graph == nil {
			m.graph = &graph{}
		}
		err = s.graph(f, m.graph, 0)
	case 8:
		var domain string
		var version int64
		err = s.message(f, func(f field) (err error) {
			switch f.num {
			case 1:
				domain, err = s.name(f)
			case 2:
				version = int64(f.value)
			}
			return err
		})
		m.opsets[domain] = version
	}
	return err
}

// message walks the fields of a message field.
func (s *scanner) message(f field, fn func(field) error) error {
	if f.typ != protowire.BytesType {
		return errCut
	}
	return s.each(f.body, fn)
}

// name reads a string, counted against the bound of all names.
func (s *scanner) name(f field) (string, error) {
	if f.typ != protowire.BytesType {
		return "", errCut
	}
	if s.names += f.body.len() + 16; s.names > maxNames {
		return "", fmt.Errorf("holds more than %d MiB of names", maxNames>>20)
	}
	return s.str(f.body)
}

func (s *scanner) graph(f field, g *graph, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nests graphs more than %d deep", maxDepth)
	}
	return s.message(f, func(f field) (err error) {
		switch f.num {
		case graphNode:
			var n node
			if s.nodes++; s.nodes > maxNodes {
				return fmt.Errorf("holds more than %d nodes", maxNodes)
			}
			err = s.node(f, &n, depth)
			g.nodes = append(g.nodes, n)
		case graphInitializer:
			var t tensor
			if s.tensors++; s.tensors > maxTensors {
				return fmt.Errorf("holds more than %d initializers", maxTensors)
			}
			t, err = s.tensor(f)
			g.inits = append(g.inits, t)
		case graphSparse: // values: a tensor, which has the name
			err = s.message(f, func(f field) error {
				if f.num != 1 {
					return nil
				}
				t, err := s.tensor(f)
				t.other = true
				g.inits = append(g.inits, t)
				return err
			})
		case graphInput:
			var p Port
			p, err = s.port(f)
			g.inputs = append(g.inputs, p)
		case graphOutput:
			var p Port
			p, err = s.port(f)
			g.outputs = append(g.outputs, p)
		}
		return err
	})
}

func (s *scanner) node(f field, n *node, depth int) error {
	return s.message(f, func(f field) (err error) {
		var v string
		switch f.num {
		case 1, 2, 3, 4, 7:
			v, err = s.name(f)
		}
		switch f.num {
		case 1:
			if n.in == nil {
				n.in = make([]string, 0, 2) // most nodes read one value or two
			}
			n.in = append(n.in, v)
		case 2:
			n.out = append(n.out, v)
		case 3:
			n.name = v
		case 4:
			n.op = v
		case 7:
			n.domain = v
		case 5:
			err = s.attribute(f, n, depth)
		}
		return err
	})
}

func (s *scanner) attribute(f field, n *node, depth int) error {
	return s.message(f, func(f field) error {
		switch f.num {
		case 1:
			s.named = f // read for an integer only: few attributes are asked for
		case 3: // i
			if n := s.named.body.len(); n != int64(len("axis")) && n != int64(len("time_axis")) {
				return nil
			}
			name, err := s.name(s.named)
			switch name {
			case "axis":
				n.axis = int16(f.value)
			case "time_axis":
				n.timeAxis = int16(f.value)
			}
			return err
		case 5: // t
			t, err := s.tensor(f)
			n.consts = append(n.consts, t)
			return err
		case 6, 11: // g, graphs
			g := &graph{}
			n.sub = append(n.sub, g)
			return s.graph(f, g, depth+1)
		}
		return nil
	})
}
