package ort

import (
	"fmt"
	"math"
	"strings"
	"unsafe"
)

// fill writes inputs made from a seed and brings them to the device: the same
// seed gives the same inputs in both lanes. Floats are uniform in [0, 1),
// masks are 1, token ids are uniform in the vocabulary where it is known, and
// other integers are 0 or 1, which every index in a model can be.
func (c *forwardCall) fill(seed uint64, vocab int) error {
	for i := range c.inputs {
		in := &c.inputs[i]
		s := seed + uint64(i)*0x9e3779b97f4a7c15
		fillTensor(in.host, in.port.name, s, vocab)
		if in.x.host != nil {
			continue
		}
		if err := copyTensor(in.x.v, in.host.v); err != nil {
			return fmt.Errorf("upload %s: %w", in.port.name, err)
		}
	}
	return nil
}

func fillTensor(x tensor, name string, seed uint64, vocab int) {
	bound := uint64(2)
	if strings.Contains(name, "input_ids") && vocab > 2 {
		bound = uint64(vocab)
	}
	mask := strings.Contains(name, "mask")
	integer := func() uint64 {
		if mask {
			return 1
		}
		return splitmix(&seed) % bound
	}
	n := x.bytes / max(x.typ.size(), 1)
	for i := range n {
		p := unsafe.Add(x.host, i*x.typ.size())
		switch x.typ {
		case dtFloat:
			*(*float32)(p) = unit(&seed)
		case dtDouble:
			*(*float64)(p) = float64(unit(&seed))
		case dtFloat16:
			*(*uint16)(p) = toHalf(unit(&seed))
		case dtBFloat16:
			*(*uint16)(p) = uint16(math.Float32bits(unit(&seed)) >> 16)
		case dtInt64, dtUint64:
			*(*uint64)(p) = integer()
		case dtInt32, dtUint32:
			*(*uint32)(p) = uint32(integer())
		case dtInt16, dtUint16:
			*(*uint16)(p) = uint16(integer())
		default:
			*(*uint8)(p) = uint8(integer())
		}
	}
}

// unit is uniform in [0, 1).
func unit(seed *uint64) float32 { return float32(splitmix(seed)>>40) / (1 << 24) }

// toHalf rounds a value in [0, 1) toward zero to IEEE 754 binary16.
func toHalf(f float32) uint16 {
	b := math.Float32bits(f)
	exp := int(b>>23&255) - 112
	switch {
	case exp <= 0: // subnormal
		return uint16(f * (1 << 24))
	case exp >= 31:
		return 31 << 10
	}
	return uint16(exp)<<10 | uint16(b>>13&1023)
}
