package intern

import (
	"unsafe"
)

// Interner gives small consecutive numbers to strings, without allocating for
// one it has seen. The cache compares pointers; it holds the strings, so their
// memory cannot be reused while it does. At most maxInterned strings are told
// apart; all further ones share the number maxInterned.
type Interner struct {
	ids   map[string]int32
	names []string
	cache [internCache]internEntry
}

type internEntry struct {
	s  string
	id int32
}

const (
	internCache = 256
	maxInterned = 4096
)

func New() *Interner { return &Interner{ids: map[string]int32{}} }

func (t *Interner) ID(s string) int32 {
	p := uint64(uintptr(unsafe.Pointer(unsafe.StringData(s))))
	e := &t.cache[p*0x9e3779b97f4a7c15>>56]
	if len(e.s) == len(s) && unsafe.StringData(e.s) == unsafe.StringData(s) && len(s) > 0 {
		return e.id
	}
	id, ok := t.ids[s]
	if !ok {
		if len(t.names) == maxInterned {
			return maxInterned
		}
		id = int32(len(t.names))
		t.ids[s] = id
		t.names = append(t.names, s)
	}
	*e = internEntry{s, id}
	return id
}

// Name is the inverse of id.
func (t *Interner) Name(id int32) string {
	if int(id) < len(t.names) {
		return t.names[id]
	}
	return More
}

// More names the row that takes what is beyond a table's cap.
const More = "more"
