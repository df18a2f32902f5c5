package rows

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// Format is one kind of file that tools write: how it is told by its content,
// and how it is read. Exactly one of Table, Doc and Head is set.
type Format struct {
	Name    string // of the format
	Tool    string // what writes it, as one types it
	Seen    string // version, and whether the tool wrote the files tried or its source was followed
	Reads   string // what is read
	Leaves  string // what stands in the file and is not read
	Samples string // of statistics without measurements: how the tool writes measurements

	Pools bool // documents of one label are runs of one thing; else a later one's label says which it is

	Table *Table // text in columns

	Doc     func(*Doc) bool          // whether a JSON document is one
	ReadDoc func(*Input, *Doc) error // ErrOther: it is not after all

	Head func(head []byte) bool // whether a file that begins so is one; head is at most HeadSize long
	Read func(*Input) error
}

// HeadSize is how much of a file's beginning its format is told by.
const HeadSize = 64 << 10

// ErrOther says that a document is of another format.
var ErrOther = errors.New("another kind of document")

var formats []*Format

// Register adds a format to those that are known. Formats tell themselves by
// content and exclude each other, so their order says nothing.
func Register(f Format) *Format {
	formats = append(formats, &f)
	return &f
}

// Formats are those registered.
func Formats() []*Format { return formats }

// Doc is a JSON document of a file, taken apart as far as is asked for.
type Doc struct {
	Raw  json.RawMessage
	Line int // in its file
	N    int // 1-based among the documents of its file
	top  map[string]json.RawMessage
}

// At is the value below a path of keys, "[]" the first element of a list; nil
// if there is none.
func (d *Doc) At(path ...string) json.RawMessage {
	v := d.Raw
	for i, key := range path {
		switch {
		case key == "[]":
			v = firstOf(v)
		case i == 0:
			if d.top == nil {
				d.top = map[string]json.RawMessage{}
				if json.Unmarshal(d.Raw, &d.top) != nil {
					clear(d.top)
				}
			}
			v = d.top[key]
		default:
			var m map[string]json.RawMessage
			if json.Unmarshal(v, &m) != nil {
				return nil
			}
			v = m[key]
		}
		if v == nil {
			return nil
		}
	}
	return v
}

// Has tells whether a document has a value, null included, below a path.
func (d *Doc) Has(path ...string) bool { return d.At(path...) != nil }

// Keys are the keys of the document, or of the first of a list, in order.
func (d *Doc) Keys() []string {
	if d.Has("") || len(d.top) > 0 {
		return slices.Sorted(maps.Keys(d.top))
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(firstOf(d.Raw), &m) != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(m))
}

// List tells whether the document is a list.
func (d *Doc) List() bool { return len(d.Raw) > 0 && d.Raw[0] == '[' }

// firstOf is the first element of a list; nil if it is none.
func firstOf(v json.RawMessage) json.RawMessage {
	dec := json.NewDecoder(bytes.NewReader(v))
	if t, err := dec.Token(); err != nil || t != json.Delim('[') || !dec.More() {
		return nil
	}
	var first json.RawMessage
	if dec.Decode(&first) != nil {
		return nil
	}
	return first
}
