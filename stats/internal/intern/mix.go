package intern

// Mix spreads short strings over 64 bits, the upper ones best, by their length, the
// last four bytes and two of the middle: names that are met together differ there.
// It costs less than a hash of the whole; those that do not differ share a place in
// a cache, no more.
func Mix(s string) uint64 {
	n := len(s)
	h := uint64(n)
	if n >= 4 {
		t := s[n-4:]
		h |= uint64(t[0])<<8 | uint64(t[1])<<16 | uint64(t[2])<<24 | uint64(t[3])<<32 | uint64(s[n/2])<<40 | uint64(s[n/2-1])<<48
	} else {
		for i := range n {
			h = h<<8 | uint64(s[i])
		}
	}
	return h * 0x9e3779b97f4a7c15
}
