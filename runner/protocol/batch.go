package protocol

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Len returns the number of samples.
func (b *Batch) Len() int { return len(b.Request) }

// Check reports a column whose length is not the number of samples. The
// columns request, order, start_ns and wall_ns must be there.
func (b *Batch) Check() error {
	v, n := reflect.ValueOf(b).Elem(), len(b.Request)
	for _, c := range batchColumns {
		if got := v.Field(c.field).Len(); got != n && (c.must || got != 0) {
			return fmt.Errorf("batch: column %q has %d entries, request has %d", c.name, got, n)
		}
	}
	for name, v := range b.Further {
		if len(v) != n && len(v) != 0 {
			return fmt.Errorf("batch: column %q has %d entries, request has %d", name, len(v), n)
		}
	}
	return nil
}

// batchColumns are the columns of a Batch, its slices; those that may be
// omitted may be empty.
var batchColumns = func() (out []batchColumn) {
	for f := range reflect.TypeFor[Batch]().Fields() {
		if name, option, _ := strings.Cut(f.Tag.Get("json"), ","); f.Type.Kind() == reflect.Slice {
			out = append(out, batchColumn{name, f.Index[0], option != "omitempty"})
		}
	}
	return out
}()

type batchColumn struct {
	name  string
	field int
	must  bool
}

// scanner walks the plain subset of JSON in which batches are written. It
// gives up (ok = false) on anything else, and encoding/json takes over.
type scanner struct {
	s    []byte
	i    int
	ok   bool
	hint int // entries of the array before: the next is likely as long
}

// parseBatch decodes a batch line several times faster than encoding/json,
// with the same result; nil when the line is not plain enough.
func parseBatch(line []byte) *Batch {
	p, b := &scanner{s: line, ok: true}, &Batch{}
	if p.object(func(key []byte) { p.field(b, key) }); !p.ended() {
		return nil
	}
	return b
}

// ended reports whether all was read and plain.
func (p *scanner) ended() bool { return p.peek() == 0 && p.ok && p.i == len(p.s) }

// object reads an object whose values field reads.
func (p *scanner) object(field func(key []byte)) {
	p.byte('{')
	if p.peek() == '}' {
		p.i++
		return
	}
	for p.ok {
		key := p.str()
		p.byte(':')
		field(key)
		if p.peek() != ',' {
			break
		}
		p.i++
	}
	p.byte('}')
}

// field reads the value of one key.
func (p *scanner) field(b *Batch, key []byte) {
	switch string(key) {
	case "t":
		b.T = string(p.str())
	case "lane":
		b.Lane = string(p.str())
	case "mode":
		b.Mode = string(p.str())
	case "strategy":
		b.Strategy = string(p.str())
	case "shape":
		b.Shape = string(p.str())
	case "backend":
		b.Backend = string(p.str())
	case "scenario":
		b.Scenario = string(p.str())
	case "request":
		b.Request = ints[uint64](p)
	case "order":
		b.Order = ints[int](p)
	case "start_ns":
		b.StartNs = ints[int64](p)
	case "wall_ns":
		b.WallNs = ints[int64](p)
	case "device_ns":
		b.DeviceNs = ints[int64](p)
	case "compile_ns":
		b.CompileNs = ints[int64](p)
	case "ttft_ns":
		b.TTFTNs = ints[int64](p)
	case "executed_tokens":
		b.ExecutedTokens = ints[int](p)
	case "kv_tokens":
		b.KVTokens = ints[int](p)
	case "run_delay_ns":
		b.RunDelayNs = ints[int64](p)
	case "minflt":
		b.MinFlt = ints[int64](p)
	case "majflt":
		b.MajFlt = ints[int64](p)
	case "nivcsw":
		b.NIvCSw = ints[int64](p)
	case "steps_ns":
		b.StepsNs = list(p, ints[int64])
	case "steps_kv":
		b.StepsKV = list(p, ints[int])
	case "error":
		b.Error = list(p, func(p *scanner) string { return string(p.str()) })
	default:
		if p.ok = isFurther(key); p.ok {
			b.setFurther(string(key), ints[int64](p))
		}
	}
}

// peek skips white space and returns the byte there, 0 at the end.
func (p *scanner) peek() byte {
	for p.i < len(p.s) {
		switch c := p.s[p.i]; c {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return c
		}
	}
	return 0
}

func (p *scanner) byte(c byte) {
	if p.ok = p.ok && p.peek() == c; p.ok {
		p.i++
	}
}

// str reads a string without escapes.
func (p *scanner) str() []byte {
	if p.byte('"'); !p.ok {
		return nil
	}
	start, ascii := p.i, true
	for ; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '"':
			s := p.s[start:p.i]
			p.i++
			p.ok = ascii || utf8.Valid(s)
			return s
		case c == '\\' || c < ' ':
			p.ok = false
			return nil
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	p.ok = false
	return nil
}

// list reads an array whose entries one reads.
func list[T any](p *scanner, one func(*scanner) T) []T {
	if p.byte('['); !p.ok {
		return nil
	}
	if p.peek() == ']' {
		p.i++
		return []T{}
	}
	out := make([]T, 0, p.hint)
	for p.ok {
		out = append(out, one(p))
		if p.peek() != ',' {
			break
		}
		p.i++
	}
	p.byte(']')
	p.hint = len(out)
	return out
}

// ints reads an array of integers of at most 18 digits.
func ints[T int | int64 | uint64](p *scanner) []T {
	if p.byte('['); !p.ok {
		return nil
	}
	if p.peek() == ']' {
		p.i++
		return []T{}
	}
	out := make([]T, 0, p.hint)
	for p.ok {
		n := p.integer()
		if T(0)-1 > 0 && n < 0 {
			p.ok = false // negative, and T is unsigned
		}
		out = append(out, T(n))
		if p.i < len(p.s) && p.s[p.i] == ',' {
			p.i++
			continue
		}
		if p.peek() != ',' {
			break
		}
		p.i++
	}
	p.byte(']')
	p.hint = len(out)
	return out
}

// integer is where most of a batch's time is spent: it keeps its place in
// variables of its own, and looks for white space only where no digit is.
func (p *scanner) integer() (n int64) {
	rest, neg, digits := p.s[p.i:], false, 0
	if len(rest) > 0 && rest[0]-'0' > 9 {
		if neg = p.peek() == '-'; neg {
			p.i++
		}
		rest = p.s[p.i:]
	}
	for ; digits < len(rest); digits++ {
		d := rest[digits] - '0'
		if d > 9 {
			break
		}
		n = n*10 + int64(d)
	}
	if p.i += digits; digits == 0 || digits > 18 || digits > 1 && rest[0] == '0' {
		p.ok = false
	}
	if neg {
		return -n
	}
	return n
}
