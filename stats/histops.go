package stats

// copyFrom makes h equal to o and keeps h's memory.
func (h *hist) copyFrom(o *hist) {
	for p := range h.pages {
		from, to := &o.pages[p], &h.pages[p]
		switch {
		case from.n > 0:
			if to.c == nil {
				to.c = new([histSub]uint32)
			}
			*to.c = *from.c
		case to.n > 0:
			clear(to.c[:])
		}
		to.n = from.n
	}
}

// subAbove takes back o's counts in buckets whose middle exceeds x.
func (h *hist) subAbove(o *hist, x float64) {
	for p := range o.pages {
		if o.pages[p].n == 0 || h.pages[p].n == 0 || histValue(p, histSub-1) <= x {
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

// tailOf counts and adds up the values above x, and finds the largest.
func (h *hist) tailOf(x float64) (n int, sum, worst float64) {
	for p := range h.pages {
		if h.pages[p].n == 0 || histValue(p, histSub-1) <= x {
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

// eachOfBoth calls f for every bucket in which x or y has values, in ascending
// order, with the smallest value of the bucket.
func eachOfBoth(x, y *hist, f func(lo int64, inX, inY float64)) {
	for p := range x.pages {
		a, b := &x.pages[p], &y.pages[p]
		if a.n+b.n == 0 {
			continue
		}
		for s := range histSub {
			var ca, cb uint32
			if a.c != nil {
				ca = a.c[s]
			}
			if b.c != nil {
				cb = b.c[s]
			}
			if ca|cb != 0 {
				lo, _ := histEdges(p, s)
				f(lo, float64(ca), float64(cb))
			}
		}
	}
}
