package intern

// Interner gives small consecutive numbers to strings, without allocating for
// one it has seen. Where a string comes again from the same memory, the cache
// compares addresses. At most maxInterned strings are told
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
	internBits  = 8
	internCache = 1 << internBits
	maxInterned = 4096
)

func New() *Interner { return &Interner{ids: map[string]int32{}} }

func (t *Interner) ID(s string) int32 {
	e := &t.cache[Mix(s)>>(64-internBits)]
	if e.s == s && len(s) > 0 {
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
