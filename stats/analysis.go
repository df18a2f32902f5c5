package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// AnalysisOptions says what an Analysis cannot see in samples.
type AnalysisOptions struct {
	Source string          // written into summary.json
	SLONs  int64           // service level; 0: none
	Noise  [NumModes]Noise // of an A/A run; zero values are unknown
	Facts  Facts
	Expect int // samples a mode may get, to make room for them at once; 0: unknown
}

// Analysis computes exact statistics from all samples of a session. It keeps
// 100 to 150 bytes a sample.
type Analysis struct {
	o       AnalysisOptions
	strings *interner
	modes   [NumModes]*exactMode
	pending map[pendingKey]Flag
	causes  map[uint64]Cause
	real    [NumModes][2]string // compiler-real and why, where known
	aa      map[int32]bool      // by segment, as its event says
}

type pendingKey struct {
	request uint64
	lane    Lane
}

// exactMode holds a mode's samples in the order of Seq once finished.
type exactMode struct {
	rows     []exactSample
	steps    []stepRow
	stepNs   []int64
	finished bool
	cells    []cellRows
	pairs    []exactPair
	allPairs *PairView // of the whole mode, once described
	tail     []int32   // rows with a cause
	ttft     bool      // a row has a time to its first token
	lanes    [NumLanes]exactLane
}

type exactSample struct {
	e                            evidence
	seq, request                 uint64
	generation, segment          int32
	scenario, strategy, shape    int32
	tokens                       int32
	stepRow                      int32 // index, −1 without steps
	lane                         Lane
	warmup, failed, clean, first bool
	cause                        Cause
	device, response, ttft       int64
}

// exactLane is what all groups of a lane share.
type exactLane struct {
	threshold   float64
	cleanMedian float64
	sorted      []int64 // all latencies, ascending
	shapes      map[[2]int32]float64
}

// NewAnalysis returns an empty Analysis.
func NewAnalysis(o AnalysisOptions) *Analysis {
	return &Analysis{o: o, strings: newInterner(), pending: map[pendingKey]Flag{}, causes: map[uint64]Cause{}, aa: map[int32]bool{}}
}

func (a *Analysis) mode(m Mode) *exactMode {
	if a.modes[m] == nil {
		a.modes[m] = &exactMode{rows: make([]exactSample, 0, a.o.Expect)}
	}
	return a.modes[m]
}

// SetCompilerReal says what evidence and counters, which are known after the
// samples, tell of a mode: yes, no or unknown, and why. Call it before Finish.
func (a *Analysis) SetCompilerReal(mode Mode, real, why string) {
	a.real[mode] = [2]string{real, why}
}

// Add takes in one sample, in any order. Warm-ups and failures are taken too:
// they decide which sample is the first of its shape, and enter nothing else.
func (a *Analysis) Add(s *Sample) {
	if int(s.Mode) >= NumModes || int(s.Lane) >= NumLanes {
		return
	}
	shape := s.Shape
	if shape == "" && s.ExecutedTokens > 0 {
		shape = fmt.Sprintf("%dx%d", s.Batch, s.ExecutedTokens)
	}
	m := a.mode(s.Mode)
	m.finished = false
	r := exactSample{e: evidenceOf(s), seq: s.Seq, request: s.Request, generation: s.Generation, segment: s.Segment,
		scenario: a.strings.id(s.Scenario), strategy: a.strings.id(s.Strategy),
		shape: a.strings.id(shape), tokens: s.Tokens, lane: s.Lane, warmup: s.Warmup, failed: s.Failed,
		device: s.DeviceNs, response: s.ResponseNs, ttft: s.TTFTNs}
	r.e.flags &^= FlagColdStart // judged anew, on all that followed
	r.e.cold = false
	m.rows = append(m.rows, r)
}

// AddEvent takes in an event; one that names a request flags its sample,
// whichever comes first. One that starts a segment may say that it is A/A.
func (a *Analysis) AddEvent(e *Event) {
	if aa, ok := e.Extra["aa"].(bool); ok && e.Kind == KindSegment {
		a.aa[e.Segment] = aa
	}
	f := FlagOf(e.Kind) &^ (FlagColdStart | FlagSpike | FlagShapeNew)
	if e.Request == nil || f == 0 {
		return
	}
	for l := Lane(0); l < NumLanes; l++ {
		if e.Lane == "" || e.Lane == l.String() {
			a.pending[pendingKey{*e.Request, l}] |= f
		}
	}
	for _, m := range a.modes {
		if m != nil {
			m.finished = false
		}
	}
}

// AddSteps takes in the time of each decode step of one request.
func (a *Analysis) AddSteps(request uint64, lane Lane, mode Mode, stepsNs []int64) {
	if int(mode) < NumModes && int(lane) < NumLanes && len(stepsNs) > 0 {
		m := a.mode(mode)
		m.steps = append(m.steps, stepRow{pendingKey{request, lane}, len(m.stepNs), len(m.stepNs) + len(stepsNs)})
		m.stepNs = append(m.stepNs, stepsNs...)
		m.finished = false
	}
}

// stepRow says where the steps of a request lie in stepNs.
type stepRow struct {
	key      pendingKey
	from, to int
}

// finish derives flags, thresholds and causes of a mode once.
func (a *Analysis) finish(m *exactMode) {
	if m.finished {
		return
	}
	m.finished = true
	m.allPairs = nil
	bySeq := func(x, y exactSample) int { return cmp.Compare(x.seq, y.seq) }
	if !slices.IsSortedFunc(m.rows, bySeq) {
		slices.SortStableFunc(m.rows, bySeq)
	}
	a.flagRows(m)
	m.markRuns()
	m.placeSteps()
	m.makeCells()
	m.makePairs()
	for l := Lane(0); l < NumLanes; l++ {
		m.lanes[l] = m.laneOf(l)
	}
	m.tail = m.tail[:0]
	for i := range m.rows {
		r := &m.rows[i]
		r.cause = CauseNone
		m.ttft = m.ttft || r.ttft > Absent
		lane := &m.lanes[r.lane]
		if r.counts() && float64(r.e.wall) > lane.threshold {
			med, ok := lane.shapes[[2]int32{r.strategy, r.shape}]
			if !ok {
				med = math.NaN()
			}
			r.cause = classify(&r.e, med, lane.cleanMedian)
			a.causes[r.seq] = r.cause
			if r.cause != CauseNone {
				m.tail = append(m.tail, int32(i))
			}
		} else if len(a.causes) > 0 {
			delete(a.causes, r.seq)
		}
	}
}

func (r *exactSample) counts() bool { return !r.warmup && !r.failed }

// flagRows adds the flags of events and of first shapes.
func (a *Analysis) flagRows(m *exactMode) {
	type key struct {
		lane                        Lane
		strategy, shape, generation int32
	}
	seen := map[key]bool{}
	var recent [256]key // seen of late, by shape and lane
	for i := range recent {
		recent[i].lane = NumLanes
	}
	none := a.strings.id("")
	for i := range m.rows {
		r := &m.rows[i]
		if len(a.pending) > 0 {
			r.e.flags |= a.pending[pendingKey{r.request, r.lane}]
		}
		k := key{r.lane, r.strategy, r.shape, r.generation}
		if r.shape != none && !r.failed && k != recent[uint8(r.shape)<<1|uint8(r.lane)] {
			if !seen[k] {
				seen[k] = true
				r.e.flags |= FlagShapeNew
			}
			recent[uint8(r.shape)<<1|uint8(r.lane)] = k
		}
		r.clean = r.counts() && !r.e.compiled && r.e.flags&(EventFlags|FlagShapeNew) == 0
	}
}

// Causes returns the cause of every tail sample by Seq. Call it after Finish.
func (a *Analysis) Causes() map[uint64]Cause {
	for _, m := range a.modes {
		if m != nil {
			a.finish(m)
		}
	}
	return a.causes
}

// Modes lists the modes that have samples.
func (a *Analysis) Modes() []Mode {
	var out []Mode
	for i, m := range a.modes {
		if m != nil && len(m.rows) > 0 {
			out = append(out, Mode(i))
		}
	}
	return out
}

func segmentName(id int32) string { return strconv.Itoa(int(id)) }
