package energy

import (
	"math"
	"sort"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// A block is closed once it is blockNs long; what is shorter when the lane ends
// does not count. Its readings must span leastSpan: the counter moves every
// 20 to 100 ms.
const (
	blockNs     = 3_000_000_000
	leastSpan   = 1_500_000_000
	mostBlocks  = 1 << 16
	mostReading = 1 << 20
)

// Meter takes in a session. One goroutine owns it; the zero value is empty.
type Meter struct {
	open     block
	blocks   []block
	readings []reading
}

// block is a stretch in which one lane ran requests of one mode.
type block struct {
	mode       stats.Mode
	lane       stats.Lane
	generation int32
	start, end int64
	n          int
	tokens     int64
}

type reading struct {
	t  int64
	mj float64
}

// Sample takes in the next sample. A warm-up, a failure or one that compiled ends
// the block and belongs to none.
func (m *Meter) Sample(s *stats.Sample) {
	b := &m.open
	if !s.Counts() || s.CompileNs > 0 {
		m.open = block{}
		return
	}
	if b.n > 0 && (b.mode != s.Mode || b.lane != s.Lane || b.generation != s.Generation || s.StartNs < b.end) {
		m.open = block{}
	}
	if b.n == 0 {
		*b = block{mode: s.Mode, lane: s.Lane, generation: s.Generation, start: s.StartNs}
	}
	b.end = s.StartNs + s.WallNs
	b.n++
	b.tokens += int64(s.Tokens)
	if b.end-b.start < blockNs {
		return
	}
	if len(m.blocks) < mostBlocks {
		m.blocks = append(m.blocks, *b)
	}
	m.open = block{}
}

// Reading takes in the next state of the counter, millijoules at an instant.
func (m *Meter) Reading(tNs int64, millijoules float64) {
	if len(m.readings) < mostReading && millijoules > 0 {
		m.readings = append(m.readings, reading{tNs, millijoules})
	}
}

// Joules are what a lane's requests cost; NaN where it is not known.
type Joules struct {
	Request, Lo, Hi float64 // mean over blocks, with a Student interval of 95 %; no interval below two blocks
	Per1kTokens     float64
	Blocks          int
}

// Of sums up the blocks of a mode and lane.
func (m *Meter) Of(mode stats.Mode, lane stats.Lane) Joules {
	nan := math.NaN()
	out := Joules{Request: nan, Lo: nan, Hi: nan, Per1kTokens: nan}
	var each []float64
	var joules, tokens float64
	for i := range m.blocks {
		b := &m.blocks[i]
		if b.mode != mode || b.lane != lane {
			continue
		}
		if w, ok := m.watts(b); ok {
			j := w * float64(b.end-b.start) / 1e9
			each = append(each, j/float64(b.n))
			joules, tokens = joules+j, tokens+float64(b.tokens)
		}
	}
	if out.Blocks = len(each); out.Blocks == 0 {
		return out
	}
	out.Request = mean(each)
	if tokens > 0 {
		out.Per1kTokens = joules / tokens * 1000
	}
	if n := float64(len(each)); n >= 2 {
		sum := 0.0
		for _, x := range each {
			sum += (x - out.Request) * (x - out.Request)
		}
		half := quantile.T(.975, n-1) * math.Sqrt(sum/(n-1)/n)
		out.Lo, out.Hi = out.Request-half, out.Request+half
	}
	return out
}

func mean(v []float64) (sum float64) {
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// watts is the mean power between the first and the last reading in a block.
func (m *Meter) watts(b *block) (float64, bool) {
	from := sort.Search(len(m.readings), func(i int) bool { return m.readings[i].t >= b.start })
	to := sort.Search(len(m.readings), func(i int) bool { return m.readings[i].t > b.end }) - 1
	if from >= to || m.readings[to].t-m.readings[from].t < leastSpan || m.readings[to].mj < m.readings[from].mj {
		return 0, false
	}
	x, y := m.readings[from], m.readings[to]
	return (y.mj - x.mj) / float64(y.t-x.t) * 1e6, true
}
