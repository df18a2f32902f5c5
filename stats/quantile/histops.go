package quantile

// CopyFrom makes h equal to o and keeps h's memory.
func (h *Hist) CopyFrom(o *Hist) {
	for p := range h.pages {
		from, to := &o.pages[p], &h.pages[p]
		switch {
		case from.n > 0:
			if to.c == nil {
				to.c = new([SubBuckets]uint32)
			}
			*to.c = *from.c
		case to.n > 0:
			clear(to.c[:])
		}
		to.n = from.n
	}
}

// SubAbove takes back o's counts in buckets whose middle exceeds x.
func (h *Hist) SubAbove(o *Hist, x float64) {
	for p := range o.pages {
		if o.pages[p].n == 0 || h.pages[p].n == 0 || histValue(p, SubBuckets-1) <= x {
			continue
		}
		for s, c := range o.pages[p].c {
			if c == 0 || histValue(p, s) <= x {
				continue
			}
			c = min(c, h.pages[p].c[s])
			h.pages[p].c[s] -= c
			h.pages[p].n -= uint64(c)
		}
	}
}

// TailOf counts and adds up the values above x, and finds the largest.
func (h *Hist) TailOf(x float64) (n int, sum, worst float64) {
	for p := range h.pages {
		if h.pages[p].n == 0 || histValue(p, SubBuckets-1) <= x {
			continue
		}
		for s, c := range h.pages[p].c {
			if v := histValue(p, s); c != 0 && v > x {
				n += int(c)
				sum += float64(c) * v
				worst = v
			}
		}
	}
	return n, sum, worst
}

// EachOfBoth calls f for every bucket in which x or y has values, in ascending
// order, with the smallest value of the bucket.
func EachOfBoth(x, y *Hist, f func(lo int64, inX, inY float64)) {
	for p := range x.pages {
		a, b := &x.pages[p], &y.pages[p]
		if a.n+b.n == 0 {
			continue
		}
		for s := range SubBuckets {
			var ca, cb uint32
			if a.c != nil {
				ca = a.c[s]
			}
			if b.c != nil {
				cb = b.c[s]
			}
			if ca|cb != 0 {
				lo, _ := Edges(p, s)
				f(lo, float64(ca), float64(cb))
			}
		}
	}
}
