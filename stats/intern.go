package stats

import "unsafe"

// interner gives small consecutive numbers to strings, without allocating for
// one it has seen. The cache compares pointers: it holds the strings, so their
// memory cannot be reused.
type interner struct {
	ids   map[string]int32
	names []string
	cache [32]internEntry
}

type internEntry struct {
	s  string
	id int32
}

func newInterner() *interner { return &interner{ids: map[string]int32{}} }

func (t *interner) id(s string) int32 {
	p := uintptr(unsafe.Pointer(unsafe.StringData(s)))
	e := &t.cache[(p>>3^p>>9)&31]
	if e.s != "" && len(e.s) == len(s) && unsafe.StringData(e.s) == unsafe.StringData(s) {
		return e.id
	}
	id, ok := t.ids[s]
	if !ok {
		id = int32(len(t.names))
		t.ids[s] = id
		t.names = append(t.names, s)
	}
	*e = internEntry{s, id}
	return id
}
