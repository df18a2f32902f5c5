package build

import (
	"bufio"
	"hash/fnv"
	"io"
)

// Weight is an initializer whose values are made when it is written, so that
// a model of any size streams to disk.
type Weight struct {
	Name  string
	Dims  []int
	DType int32   // Float, Float16 or BFloat16; the graph's if 0
	Std   float32 // standard deviation of the random part
	Mean  float32
	Seed  uint64
}

// Len is the number of elements.
func (w Weight) Len() int64 {
	n := int64(1)
	for _, d := range w.Dims {
		n *= int64(d)
	}
	return n
}

// Size is the number of bytes.
func (w Weight) Size() int64 {
	if w.DType == Float16 || w.DType == BFloat16 {
		return 2 * w.Len()
	}
	return 4 * w.Len()
}

// Splitmix64 is the generator of Steele, Lea and Flood, "Fast splittable
// pseudorandom number generators", OOPSLA 2014.
func Splitmix64(s *uint64) uint64 {
	*s += 0x9e3779b97f4a7c15
	z := *s
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Values fills v with the elements that follow the state s (made by start).
// Each is the sum of four 16-bit uniforms (Irwin-Hall, nearly normal), in
// integer arithmetic until one multiplication and one addition, so that
// the bytes are the same on every machine.
func (w Weight) values(s *uint64, v []float32) {
	// The sum of four uniforms on 0…65535 has variance 4·(65536²−1)/12.
	scale := w.Std / 37837.22
	for i := range v {
		if w.Std == 0 {
			v[i] = w.Mean
			continue
		}
		z := Splitmix64(s)
		sum := int32(z&0xffff) + int32(z>>16&0xffff) + int32(z>>32&0xffff) + int32(z>>48) - 2*65535
		v[i] = float32(float32(sum)*scale) + w.Mean
	}
}

// start is the generator's state of a weight: its seed mixed with its name,
// so that the values do not depend on the order of the weights.
func (w Weight) start() uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, w.Name) // a hash takes everything
	return h.Sum64() ^ w.Seed*0x9e3779b97f4a7c15
}

// Floats returns all values, before any rounding to half precision.
func (w Weight) Floats() []float32 {
	v := make([]float32, w.Len())
	s := w.start()
	w.values(&s, v)
	return v
}

// writeTo streams the raw bytes of the weight.
func (w Weight) writeTo(out *bufio.Writer) error {
	const chunk = 4096
	var v [chunk]float32
	buf := make([]byte, 0, 4*chunk)
	s := w.start()
	for left := w.Len(); left > 0; {
		n := min(left, chunk)
		w.values(&s, v[:n])
		buf = floatBytes(buf[:0], w.DType, v[:n])
		if _, err := out.Write(buf); err != nil {
			return err
		}
		left -= n
	}
	return nil
}
