package stats

import (
	"math"
	"slices"
)

// window holds the samples of the last WindowNs of one mode, up to cap of
// them. Taking one in only stores it; a view counts what came and takes back
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
	scen    [][NumLanes]winDist
}

// winSample is 32 bytes: two a cache line.
type winSample struct {
	t, wall      int64
	tokens, exec int32
	shape        int32  // shapeState.id
	place        uint16 // scenario × 2 + lane
	flags        Flag
}

func (e *winSample) lane() Lane { return Lane(e.place & 1) }
func (e *winSample) scen() int  { return int(e.place >> 1) }

func (e *winSample) tagged() bool { return e.flags&(EventFlags|FlagShapeNew) != 0 }

func (e *winSample) semantic() int64 {
	if e.exec > 0 {
		return int64(e.tokens)
	}
	return 0
}

// winDist is a distribution that gives values back.
type winDist struct {
	n                 int
	sum, sq           u128
	tokens, exec, sem int64
	h, tag            hist
	devs              int
	devH              *hist // device times
	devSum, devWall   int64
}

func (w *winDist) add(e *winSample, dev int64) {
	w.n++
	w.sum.add(uint64(e.wall))
	w.sq.addSquare(uint64(e.wall))
	w.tokens += int64(e.tokens)
	w.exec += int64(e.exec)
	w.sem += e.semantic()
	w.h.record(e.wall)
	if e.tagged() {
		w.tag.record(e.wall)
	}
	if dev >= 0 {
		w.devs++
		if w.devH == nil {
			w.devH = new(hist)
		}
		w.devH.record(dev)
		w.devSum, w.devWall = w.devSum+dev, w.devWall+e.wall
	}
}

func (w *winDist) remove(e *winSample, dev int64) {
	w.n--
	w.sum.sub(uint64(e.wall))
	w.sq.subSquare(uint64(e.wall))
	w.tokens -= int64(e.tokens)
	w.exec -= int64(e.exec)
	w.sem -= e.semantic()
	w.h.remove(e.wall)
	if e.tagged() {
		w.tag.remove(e.wall)
	}
	if dev >= 0 {
		w.devs--
		w.devH.remove(dev)
		w.devSum, w.devWall = w.devSum-dev, w.devWall-e.wall
	}
}

func newWindow(ns int64, ringCap int) *window { return &window{ns: ns, cap: ringCap} }

func (w *window) add(s *Sample, scen, shape int32) {
	if w.n == len(w.buf) {
		w.grow()
	}
	i := w.head + w.n
	if i >= len(w.buf) {
		i -= len(w.buf)
	}
	w.buf[i] = winSample{t: s.StartNs + s.WallNs, wall: max(s.WallNs, 0), tokens: s.Tokens,
		exec: s.ExecutedTokens, shape: shape, place: uint16(scen)<<1 | uint16(s.Lane), flags: s.Flags}
	if s.DeviceNs > Absent && w.dev == nil {
		w.startDev()
	}
	if w.dev != nil {
		w.dev[i] = s.DeviceNs
	}
	w.n++
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

// startDev begins to keep device times, which not every engine has.
func (w *window) startDev() {
	w.dev = make([]int64, len(w.buf))
	for i := range w.dev {
		w.dev[i] = Absent
	}
}

func (w *window) devAt(i int) int64 {
	if w.dev == nil {
		return Absent
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
		w.counted--
	}
	w.n--
	if w.head++; w.head == len(w.buf) {
		w.head = 0
	}
}

// expire drops what ended before t.
func (w *window) expire(t int64) {
	for w.n > 0 && w.buf[w.head].t < t {
		w.pop()
	}
}

// count takes into scen what came since the last view.
func (w *window) count() {
	for ; w.counted < w.n; w.counted++ {
		e := w.at(w.counted)
		for e.scen() >= len(w.scen) {
			w.scen = append(w.scen, [NumLanes]winDist{})
		}
		w.scen[e.scen()][e.lane()].add(e, w.devAt(w.counted))
	}
}

func (w *window) clear() {
	for w.n > 0 {
		w.pop()
	}
	w.cut = false
}

// small holds the raw values of the groups with fewer than exactBelow.
type small struct{ wall, dev []int64 }

// gather merges the scenarios into lanes and collects, in one pass, the raw
// values of every group that is small.
func (w *window) gather() (lanes [NumLanes]winDist, raw [NumLanes]small, scen [][NumLanes]small) {
	w.count()
	scen = make([][NumLanes]small, len(w.scen))
	for i := range w.scen {
		for l := range lanes {
			lanes[l].merge(&w.scen[i][l])
		}
	}
	for i := range w.n {
		e := w.at(i)
		if lanes[e.lane()].n < exactBelow {
			raw[e.lane()].take(e, w.devAt(i))
		}
		if w.scen[e.scen()][e.lane()].n < exactBelow {
			scen[e.scen()][e.lane()].take(e, w.devAt(i))
		}
	}
	return lanes, raw, scen
}

func (w *winDist) merge(o *winDist) {
	if o.n == 0 {
		return
	}
	w.n += o.n
	w.sum.addU128(o.sum)
	w.sq.addU128(o.sq)
	w.tokens, w.exec, w.sem, w.devs = w.tokens+o.tokens, w.exec+o.exec, w.sem+o.sem, w.devs+o.devs
	w.devSum, w.devWall = w.devSum+o.devSum, w.devWall+o.devWall
	w.h.merge(&o.h)
	w.tag.merge(&o.tag)
	if o.devs > 0 {
		if w.devH == nil {
			w.devH = new(hist)
		}
		w.devH.merge(o.devH)
	}
}

func (m *small) take(e *winSample, dev int64) {
	m.wall = append(m.wall, e.wall)
	if dev >= 0 {
		m.dev = append(m.dev, dev)
	}
}

// summary describes a window group; raw are its values when it is small.
func (w *winDist) summary(raw small) Summary {
	s := emptySummary()
	s.N = w.n
	if w.n == 0 {
		return s
	}
	total := w.sum.float()
	if w.n < exactBelow {
		slices.Sort(raw.wall)
		slices.Sort(raw.dev)
		describeSorted(&s, raw.wall)
		s.DeviceP50, s.DeviceP99 = Percentile(raw.dev, 0.5), Percentile(raw.dev, 0.99)
	} else {
		describeHist(&s, &w.h, w.sum, w.sq)
		if w.devs > 0 {
			s.DeviceP50 = histQuantile(w.devH, 0.5, 0, math.MaxInt64)
			s.DeviceP99 = histQuantile(w.devH, 0.99, 0, math.MaxInt64)
		}
	}
	if w.tokens > 0 && total > 0 {
		s.TokensPerS = float64(w.tokens) / total * 1e9
	}
	if w.devWall > 0 {
		s.HostShare = 1 - float64(w.devSum)/float64(w.devWall)
	}
	if w.sem > 0 {
		s.PaddingTax = float64(w.exec) / float64(w.sem)
	}
	return s
}

// describeSorted fills in what follows from ascending values.
func describeSorted(s *Summary, sorted []int64) {
	n := len(sorted)
	s.N = n
	if n == 0 {
		return
	}
	var sum, sq u128
	for _, v := range sorted {
		sum.add(uint64(v))
		sq.addSquare(uint64(v))
	}
	s.Mean, s.Std = sum.float()/float64(n), stdOf(n, sum, sq)
	s.Min, s.Max = float64(sorted[0]), float64(sorted[n-1])
	s.MeanExclMax, s.MeanExclTop5 = meanOfFirst(sorted, n-1), meanOfFirst(sorted, n-5)
	qs := summaryQuantiles()
	for i := range qs {
		qs[i] = ExactQuantile(sorted, qs[i].Q)
	}
	s.setQuantiles(&qs)
	s.warn()
}

// describeHist does the same from a histogram and exact sums.
func describeHist(s *Summary, h *hist, sum, sq u128) {
	s.N = int(h.n())
	if h.n() == 0 {
		return
	}
	s.Mean, s.Std = sum.float()/float64(h.n()), stdOf(s.N, sum, sq)
	var ends [2]float64
	h.ranks([]uint64{1, h.n()}, ends[:])
	s.Min, s.Max = ends[0], ends[1]
	qs := summaryQuantiles()
	for i := range qs {
		qs[i] = histInterval(h, qs[i].Q, 0, math.MaxInt64)
	}
	s.setQuantiles(&qs)
	s.warn()
}

// meanOfFirst is the mean of the first k of ascending values, NaN if k < 1.
func meanOfFirst(sorted []int64, k int) float64 {
	if k < 1 {
		return math.NaN()
	}
	var sum u128
	for _, v := range sorted[:k] {
		sum.add(uint64(v))
	}
	return sum.float() / float64(k)
}
