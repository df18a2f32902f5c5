package onnxmodel

import (
	"google.golang.org/protobuf/encoding/protowire"
)

func (s *scanner) tensor(f field) (tensor, error) {
	var t tensor
	err := s.message(f, func(f field) (err error) {
		switch f.num {
		case 1:
			t.dims, err = s.dims(f, t.dims)
		case 2:
			t.dtype = int32(f.value)
		case 8:
			t.name, err = s.name(f)
		case 4, 9: // float_data (packed), raw_data
			if t.data.len() > 0 || f.typ != protowire.BytesType {
				t.other = true // unpacked, or in several parts
			}
			t.data = f.body
		case 5, 6, 7, 10, 11:
			t.other = true
		case 13:
			if t.external == nil {
				t.external = map[string]string{}
			}
			err = s.pair(f, t.external)
		case 14:
			t.extern = f.value == 1
		}
		return err
	})
	return t, err
}

// dims reads repeated int64, packed or not.
func (s *scanner) dims(f field, dims []int64) ([]int64, error) {
	if f.typ == protowire.VarintType {
		dims = append(dims, int64(f.value))
	} else {
		b, err := s.bytes(f.body, 10*maxRank)
		if err != nil {
			return dims, err
		}
		for len(b) > 0 {
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return dims, errCut
			}
			dims, b = append(dims, int64(v)), b[n:]
		}
	}
	if len(dims) > maxRank {
		return dims, errRank
	}
	return dims, nil
}

func (s *scanner) pair(f field, m map[string]string) error {
	var k, v string
	err := s.message(f, func(f field) (err error) {
		switch f.num {
		case 1:
			k, err = s.name(f)
		case 2:
			v, err = s.name(f)
		}
		return err
	})
	m[k] = v
	return err
}
