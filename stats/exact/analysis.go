package exact

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/intern"
	"github.com/tailscope/tailscope/stats/ledger"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Options says what an Analysis cannot see in samples.
type Options struct {
	Source string                      // written into summary.json
	SLONs  int64                       // service level; 0: none
	Noise  [stats.NumModes]stats.Noise // of an A/A run; zero values are unknown
	Share  float64                     // floor without one: see stats.SessionShare; 0: none
	Facts  stats.Facts
	Expect int // samples a mode may get, to make room for them at once; 0: unknown
}

// Analysis computes exact statistics from all samples of a session. It keeps some
// 90 bytes a sample, up to 70 more where device, response or first token are timed or
// bounds are known.
type Analysis struct {
	o       Options
	strings *intern.Interner
	modes   [stats.NumModes]*exactMode
	pending map[pendingKey]stats.Flag
	causes  map[uint64]stats.Cause
	real    [stats.NumModes][2]string // compiler-real and why, where known
	outputs [stats.NumModes]outputs   // compared, of a mode
	aa      map[int32]bool            // by segment, as its event says
}

type pendingKey struct {
	request uint64
	lane    stats.Lane
}

// exactMode holds a mode's samples in the order of Seq once finished.
type exactMode struct {
	rows         []exactSample
	extras       []exactExtra
	kinds        kinds
	steps        []stepRow
	stepNs       []int64
	stepRows     []int32 // of each row its index in steps or −1; nil without steps
	finished     bool
	runs         []exactRun
	pairs        []exactPair
	order        paired.Order
	unpaired     []int32          // counted rows without a partner
	allPairs     stats.PairView   // of the whole mode, once summarised
	allEstimates paired.Estimates // of the same
	tail         []int32          // rows with a cause
	failed       []int            // of each kind, warm-ups apart
	medians      []float64        // of the clean samples of each kind's shape, NaN without
	lanes        [stats.NumLanes]exactLane
}

// exactSample is one sample in 64 bytes: every pass over a session reads them all.
type exactSample struct {
	e                     ledger.Evidence
	seq, request          uint64
	kind                  int32 // index
	tokens                int32
	extra                 int32 // index, −1 without
	warmup, failed, clean bool
	cause                 stats.Cause
}

// exactExtra is what only some engines measure; Absent where they do not.
type exactExtra struct{ device, response, ttft, bound, compute, padding int64 }

// exactLane is what all groups of a lane share.
type exactLane struct {
	threshold float64
	median    float64         // of what is settled
	sorted    []int64         // all latencies, ascending
	spread    quantile.Spread // of the same in their order
}

// New returns an empty Analysis.
func New(o Options) *Analysis {
	return &Analysis{o: o, strings: intern.New(), pending: map[pendingKey]stats.Flag{}, causes: map[uint64]stats.Cause{}, aa: map[int32]bool{}}
}

func (a *Analysis) mode(m stats.Mode) *exactMode {
	if a.modes[m] == nil {
		a.modes[m] = &exactMode{rows: make([]exactSample, 0, a.o.Expect), kinds: kinds{ids: map[rowKind]int32{}}}
	}
	return a.modes[m]
}

// SetCompilerReal says what evidence and counters, which are known after the
// samples, tell of a mode: yes, no or unknown, and why. Call it before Finish.
func (a *Analysis) SetCompilerReal(mode stats.Mode, real, why string) {
	a.real[mode] = [2]string{real, why}
}

// outputs are comparisons of what the lanes computed.
type outputs struct {
	n, diverged int
	maxRelL2    float64
}

// SetChecks says how many outputs of a mode's lanes were compared and how many
// differ, and by how much at most. Call it before Finish.
func (a *Analysis) SetChecks(mode stats.Mode, n, diverged int, maxRelL2 float64) {
	o := &a.outputs[mode]
	o.n, o.diverged, o.maxRelL2 = n, diverged, maxRelL2
}

// Add takes in one sample, in any order. Warm-ups and failures are taken too:
// they decide which sample is the first of its shape, and enter nothing else.
func (a *Analysis) Add(s *stats.Sample) {
	if int(s.Mode) >= stats.NumModes || int(s.Lane) >= stats.NumLanes {
		return
	}
	shape := s.Shape
	if shape == "" && s.ExecutedTokens > 0 {
		shape = fmt.Sprintf("%dx%d", s.Batch, s.ExecutedTokens)
	}
	m := a.mode(s.Mode)
	m.finished = false
	r := exactSample{e: ledger.EvidenceOf(s), seq: s.Seq, request: s.Request, tokens: s.Tokens, extra: -1, warmup: s.Warmup, failed: s.Failed,
		kind: m.kinds.id(rowKind{s.Generation, s.Segment, a.strings.ID(s.Scenario), a.strings.ID(s.Strategy), a.strings.ID(shape), s.Lane})}
	if s.DeviceNs > stats.Absent || s.ResponseNs > stats.Absent || s.TTFTNs > stats.Absent || s.BoundNs > 0 {
		r.extra = int32(len(m.extras))
		m.extras = append(m.extras, exactExtra{s.DeviceNs, s.ResponseNs, s.TTFTNs, s.BoundNs, s.BoundComputeNs, s.PaddingNs})
	}
	r.e.Flags &^= stats.FlagColdStart // judged anew, on all that followed
	r.e.Cold = false
	m.rows = append(m.rows, r)
}

// AddEvent takes in an event; one that names a request flags its sample,
// whichever comes first. One that starts a segment may say that it is A/A.
func (a *Analysis) AddEvent(e *stats.Event) {
	if aa, ok := e.Extra["aa"].(bool); ok && e.Kind == stats.KindSegment {
		a.aa[e.Segment] = aa
	}
	f := stats.FlagOf(e.Kind) &^ (stats.FlagColdStart | stats.FlagSpike | stats.FlagShapeNew)
	if e.Request == nil || f == 0 {
		return
	}
	for l := stats.Lane(0); l < stats.NumLanes; l++ {
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
func (a *Analysis) AddSteps(request uint64, lane stats.Lane, mode stats.Mode, stepsNs []int64) {
	if int(mode) < stats.NumModes && int(lane) < stats.NumLanes && len(stepsNs) > 0 {
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
	for _, i := range m.tail { // of an earlier finish
		delete(a.causes, m.rows[i].seq)
	}
	bySeq := func(x, y exactSample) int { return cmp.Compare(x.seq, y.seq) }
	if !slices.IsSortedFunc(m.rows, bySeq) {
		slices.SortStableFunc(m.rows, bySeq)
	}
	a.flagRows(m)
	m.placeSteps()
	m.makeRuns(a.o.SLONs)
	m.makePairs()
	a.findCauses(m)
}

func (r *exactSample) counts() bool { return !r.warmup && !r.failed }

// flagRows adds the flags of events and of first shapes.
func (a *Analysis) flagRows(m *exactMode) {
	named := a.namedRequests()
	none := a.strings.ID("")
	type key struct {
		lane                        stats.Lane
		strategy, shape, generation int32
	}
	shapes, n := slots(m.kinds.all, func(k *rowKind) (key, bool) {
		return key{k.lane, k.strategy, k.shape, k.generation}, k.shape != none
	})
	seen := make([]bool, n)
	for i := range m.rows {
		r := &m.rows[i]
		r.e.Cold, r.cause = false, stats.CauseNone
		if named != nil && named[r.request/64%uint64(len(named))]>>(r.request%64)&1 != 0 {
			r.e.Flags |= a.pending[pendingKey{r.request, m.lane(r)}]
		}
		if s := shapes[r.kind]; s >= 0 && !r.failed && !seen[s] {
			seen[s] = true
			r.e.Flags |= stats.FlagShapeNew
		}
		r.clean = r.counts() && !r.e.Compiled() && r.e.Flags&(stats.EventFlags|stats.FlagShapeNew) == 0
	}
}

// namedRequests has a bit, shared by some, for each request that an event
// names: most have none, and need not be looked up. nil without events.
func (a *Analysis) namedRequests() []uint64 {
	if len(a.pending) == 0 {
		return nil
	}
	bits := make([]uint64, 1<<12)
	for k := range a.pending {
		bits[k.request/64%uint64(len(bits))] |= 1 << (k.request % 64)
	}
	return bits
}

// findCauses gives each sample of the tail its cause.
func (a *Analysis) findCauses(m *exactMode) {
	m.tail = m.tail[:0]
	thresholds := make([]float64, len(m.kinds.all))
	for k := range thresholds {
		thresholds[k] = m.lanes[m.kinds.all[k].lane].threshold
	}
	for i := range m.rows {
		r := &m.rows[i]
		if !(float64(r.e.Wall) > thresholds[r.kind]) || !r.counts() {
			continue
		}
		r.cause = ledger.Classify(&r.e, m.medians[r.kind], m.lanes[m.lane(r)].median)
		a.causes[r.seq] = r.cause
		if r.cause != stats.CauseNone {
			m.tail = append(m.tail, int32(i))
		}
	}
}

// Causes returns the cause of every tail sample by Seq. Call it after Finish.
func (a *Analysis) Causes() map[uint64]stats.Cause {
	for _, m := range a.modes {
		if m != nil {
			a.finish(m)
		}
	}
	return a.causes
}

// Modes lists the modes that have samples.
func (a *Analysis) Modes() []stats.Mode {
	var out []stats.Mode
	for i, m := range a.modes {
		if m != nil && len(m.rows) > 0 {
			out = append(out, stats.Mode(i))
		}
	}
	return out
}
