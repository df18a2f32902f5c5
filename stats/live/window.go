package live

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// window holds the samples of the last WindowNs of one mode, up to cap of
// them. Taking them in only stores them; a view counts what came and takes back
// what left since the view before it.
type window struct {
	ns      int64
	buf     []winSample
	dev     []int64 // device times beside buf; nil: the engine has none
	head    int     // oldest
	n       int
	counted int // of the n, from the oldest: those in scen
	cap     int
	cut     bool // samples left early because the ring was full
	scen    [][stats.NumLanes]winDist
	lanes   [stats.NumLanes]winDist     // merged, as of the last view
	shapes  []*[stats.NumLanes]shapeWin // by shapeState.id + 1
}

// winSample is 32 bytes: two a cache line.
type winSample struct {
	t, wall      int64
	tokens, exec int32
	shape        int32  // shapeState.id
	place        uint16 // scenario × 4 + order × 2 + lane
	flags        stats.Flag
}

// set takes over a sample.
func (e *winSample) set(s *stats.Sample, scen, shape int32) {
	e.t, e.wall = s.StartNs+s.WallNs, max(s.WallNs, 0)
	e.tokens, e.exec = s.Tokens, s.ExecutedTokens
	e.shape, e.place, e.flags = shape, uint16(scen)<<2|uint16(s.Order&1)<<1|uint16(s.Lane), s.Flags
}

func (e *winSample) lane() stats.Lane { return stats.Lane(e.place & 1) }

func (e *winSample) scen() int { return int(e.place >> 2) }

// first is the lane that ran first in the sample's pair.
func (e *winSample) first() stats.Lane { return stats.Lane((e.place ^ e.place>>1) & 1) }

func (e *winSample) tagged() bool { return e.flags&taggedFlags != 0 }

func (e *winSample) semantic() int64 {
	if e.exec > 0 {
		return int64(e.tokens)
	}
	return 0
}

// winDist is a distribution that gives values back.
type winDist struct {
	n                 int
	sum, sq           quantile.U128
	tokens, exec, sem int64
	h, tag            quantile.Hist
	devs              int
	devH              *quantile.Hist // device times
	devSum, devWall   int64
	raw               small // of the view in hand
}

func (w *winDist) add(e *winSample, dev int64) {
	w.n++
	w.sum.Add(uint64(e.wall))
	w.sq.AddSquare(uint64(e.wall))
	w.tokens += int64(e.tokens)
	w.exec += int64(e.exec)
	w.sem += e.semantic()
	w.h.Record(e.wall)
	if e.tagged() {
		w.tag.Record(e.wall)
	}
	if dev >= 0 {
		w.devs++
		if w.devH == nil {
			w.devH = new(quantile.Hist)
		}
		w.devH.Record(dev)
		w.devSum, w.devWall = w.devSum+dev, w.devWall+e.wall
	}
}

func (w *winDist) remove(e *winSample, dev int64) {
	w.n--
	w.sum.Sub(uint64(e.wall))
	w.sq.SubSquare(uint64(e.wall))
	w.tokens -= int64(e.tokens)
	w.exec -= int64(e.exec)
	w.sem -= e.semantic()
	w.h.Remove(e.wall)
	if e.tagged() {
		w.tag.Remove(e.wall)
	}
	if dev >= 0 {
		w.devs--
		w.devH.Remove(dev)
		w.devSum, w.devWall = w.devSum-dev, w.devWall-e.wall
	}
}

func newWindow(ns int64, ringCap int) *window { return &window{ns: ns, cap: ringCap} }

// taggedFlags are those of stats.Sample.Tagged.
const taggedFlags = stats.EventFlags | stats.FlagShapeNew

// lateFlag marks a window's sample of another segment than the current one.
const lateFlag stats.Flag = 1 << 15

// take stores samples.
func (w *window) take(part []waiting) {
	for len(part) > 0 {
		if w.n == len(w.buf) {
			w.grow()
		}
		at := w.head + w.n
		if at >= len(w.buf) {
			at -= len(w.buf)
		}
		k := min(len(part), len(w.buf)-w.n, len(w.buf)-at)
		to := w.buf[at : at+k]
		timed := w.dev != nil
		for i := range to {
			to[i] = part[i].winSample
			timed = timed || part[i].dev > stats.Absent
		}
		if timed {
			w.keepDev(part[:k], at)
		}
		w.n += k
		part = part[k:]
	}
}

// grow makes room: by expiry, then by doubling the ring, then in place of the
// oldest.
func (w *window) grow() {
	if w.n > 0 {
		w.expire(w.at(w.n-1).t - w.ns)
	}
	switch {
	case len(w.buf) < w.cap && w.n > len(w.buf)/2 || len(w.buf) == 0:
		next := make([]winSample, max(1024, min(2*len(w.buf), w.cap)))
		for i := range w.n {
			next[i] = *w.at(i)
		}
		if w.dev != nil {
			dev := make([]int64, len(next))
			for i := range w.n {
				dev[i] = w.devAt(i)
			}
			w.dev = dev
		}
		w.buf, w.head = next, 0
	case w.n == len(w.buf):
		w.cut = true
		w.pop()
	}
}

func (w *window) at(i int) *winSample {
	if i += w.head; i >= len(w.buf) {
		i -= len(w.buf)
	}
	return &w.buf[i]
}

// keepDev keeps device times, which not every engine has.
func (w *window) keepDev(part []waiting, at int) {
	if w.dev == nil {
		w.dev = make([]int64, len(w.buf))
		for i := range w.dev {
			w.dev[i] = stats.Absent
		}
	}
	to := w.dev[at : at+len(part)]
	for i := range to {
		to[i] = part[i].dev
	}
}

func (w *window) devAt(i int) int64 {
	if w.dev == nil {
		return stats.Absent
	}
	if i += w.head; i >= len(w.buf) {
		i -= len(w.buf)
	}
	return w.dev[i]
}

func (w *window) pop() {
	if w.counted > 0 {
		e := &w.buf[w.head]
		w.scen[e.scen()][e.lane()].remove(e, w.devAt(0))
		s := w.shapeOf(e)
		s.n--
		s.h.Remove(e.wall)
		w.counted--
	}
	w.n--
	if w.head++; w.head == len(w.buf) {
		w.head = 0
	}
}

// expire drops what ended before t.
func (w *window) expire(t int64) {
	for w.counted > 0 && w.buf[w.head].t < t {
		w.pop()
	}
	for w.n > 0 && w.counted == 0 && w.buf[w.head].t < t {
		w.n--
		if w.head++; w.head == len(w.buf) {
			w.head = 0
		}
	}
}

// count takes into scen what came since the last view.
func (w *window) count() {
	for ; w.counted < w.n; w.counted++ {
		e := w.at(w.counted)
		for e.scen() >= len(w.scen) {
			w.scen = append(w.scen, [stats.NumLanes]winDist{})
		}
		w.scen[e.scen()][e.lane()].add(e, w.devAt(w.counted))
		s := w.shapeOf(e)
		s.n++
		s.h.Record(e.wall)
	}
}

func (w *window) clear() {
	for w.n > 0 {
		w.pop()
	}
	w.cut = false
}
