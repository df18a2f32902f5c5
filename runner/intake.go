package runner

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// joinState joins what the worker reports with what was asked.
type joinState struct {
	pending     map[uint64]*inflight // sent, not reported by all lanes
	sent        []*inflight          // in the order sent, not yet handed to statistics and journal
	outstanding int                  // requests that hold credit
	flags       map[reqLane]stats.Flag
	nth         map[runKey]int32 // counted samples so far of each run
	nthWarm     map[runKey]int32
	queue       [stats.NumLanes]stats.Lindley // open loop, interleaved: each lane its own server
	seq         uint64
	lastNs      int64 // when the last batch came
	events      view.Recent
	restart     <-chan struct{}
	exported    chan exportResult
	exports     int
	known       map[string]string // shape that ran, by route key: what has its executables
	badMessages int
}

type reqLane struct {
	request uint64
	lane    stats.Lane
}

// runKey names a run: the samples that DESIGN puts into one file.
type runKey struct {
	generation, segment int32
	mode                stats.Mode
	lane                stats.Lane
	scenario            string
}

func (j *joinState) init() {
	j.pending, j.flags, j.known = map[uint64]*inflight{}, map[reqLane]stats.Flag{}, map[string]string{}
	j.nth, j.nthWarm = map[runKey]int32{}, map[runKey]int32{}
	j.exported = make(chan exportResult, 4)
}

// handle takes one message of the worker.
func (s *Session) handle(msg any) {
	switch m := msg.(type) {
	case *protocol.Hello:
		s.takeHello(m)
	case *protocol.Loaded:
		s.takeLoaded(m)
	case *protocol.Batch:
		s.takeBatch(m)
	case *protocol.Event:
		s.takeEvent(m)
	case *protocol.Counters:
		s.takeCounters(m)
	case *protocol.Evidence:
		if len(s.evidence) < maxEvidence {
			s.evidence = append(s.evidence, *m)
		}
		s.sinkErr(s.o.Sink.Evidence(*m))
	case *protocol.Flushed:
		s.flushed(m)
	case *protocol.Cleared:
		clear(s.join.known)
		s.notice("info", fmt.Sprintf("compile cache cleared: %d executables dropped", m.Freed))
	case *protocol.Profiled:
		s.profiled(m)
	case *protocol.Error:
		s.workerError(m)
	case *protocol.Bye:
		s.byeUnasked()
	default:
		s.join.badMessages++
		if s.join.badMessages == 1 {
			s.notice("warn", fmt.Sprintf("the engine sent a message that this version does not know (%T)", msg))
		}
	}
}

// maxEvidence bounds what the screen keeps; the journal has every line.
const maxEvidence = 4096

func (s *Session) workerError(m *protocol.Error) {
	err := fmt.Errorf("%s", m.Message)
	if m.Fatal {
		s.fail(err)
		return
	}
	s.event(stats.Event{Kind: stats.KindError, Reason: m.Message})
}

// takeEvent gives an engine's event its place in the session and its flag to
// the sample it belongs to.
func (s *Session) takeEvent(m *protocol.Event) {
	e := stats.Event{TNs: m.TNs, Kind: m.Kind, Lane: m.Lane, Mode: m.Mode, Strategy: m.Strategy,
		Shape: m.Shape, Request: m.Request, DurNs: m.DurNs, Reason: m.Reason, Extra: m.Extra,
		Generation: s.gen, Segment: s.seg}
	if m.Request != nil {
		if fl := s.join.pending[*m.Request]; fl != nil {
			e.Segment = fl.segment
			e.Strategy = cmp.Or(m.Strategy, fl.label) // by the name that the engine's counters and evidence give it
		}
		lane, err := stats.ParseLane(m.Lane)
		if f := stats.FlagOf(m.Kind); err == nil && f != 0 {
			s.join.flags[reqLane{*m.Request, lane}] |= f
		}
	}
	if m.Kind == stats.KindEvict {
		label := e.Strategy
		if s.identity().covers(e.Mode, label) {
			label = s.strategy.Label(e.Mode)
		}
		s.unlearn(e.Mode, label, e.Shape)
	}
	s.emit(e)
}

// event records an event of the session itself.
func (s *Session) event(e stats.Event) {
	if e.TNs == 0 {
		e.TNs = clock.Monotonic()
	}
	e.Generation, e.Segment = s.gen, s.seg
	s.emit(e)
}

// emit sends an event to the journal, the statistics and the screen.
func (s *Session) emit(e stats.Event) {
	s.sinkErr(s.o.Sink.Event(&e))
	s.coll.AddEvent(&e)
	s.join.events.Add(e)
}

// sinkErr ends the session when the disk refuses: what was measured before
// stays.
func (s *Session) sinkErr(err error) {
	if err == nil || s.end != nil && s.end.Err != nil {
		return
	}
	s.end = &Result{Reason: "failed", Err: fmt.Errorf("write the session: %w", err)}
	s.phase, s.status = view.PhaseFailed, s.end.Err.Error()
}

// takeBatch turns the rows of a batch into samples.
func (s *Session) takeBatch(b *protocol.Batch) {
	lane, err := stats.ParseLane(b.Lane)
	if err == nil {
		err = b.Check()
	}
	mode, merr := stats.ParseMode(b.Mode)
	if err != nil || merr != nil {
		s.fail(fmt.Errorf("the engine broke the protocol: batch of lane %q, mode %q: %v", b.Lane, b.Mode, firstErr(err, merr)))
		return
	}
	for i, id := range b.Request {
		fl := s.join.pending[id]
		if fl == nil && s.observes() {
			fl = s.observed(b, id)
		}
		if fl == nil {
			s.fail(fmt.Errorf("the engine broke the protocol: a sample of request %d, which is not in hand", id))
			return
		}
		fl.rows = append(fl.rows, row{s.sampleOf(b, i, fl, lane, mode), column(b.StepsNs, i, nil), column(b.StepsKV, i, nil)})
		if fl.left--; fl.left == 0 {
			delete(s.join.pending, id)
			s.join.outstanding--
		}
	}
	s.join.lastNs = clock.Monotonic()
	s.release()
	if s.restarts > 0 {
		s.restarts = 0
		s.backoff.Reset()
	}
}

// row is a reported sample that waits for those that ran before it.
type row struct {
	smp   stats.Sample
	steps []int64
	kv    []int
}

// release hands on what has been reported by all lanes, in the order in which
// it was sent, hence ran: batches come by shape, and runs, queues and first
// samples need the order of time.
func (s *Session) release() {
	n := 0
	for n < len(s.join.sent) && s.join.sent[n].left == 0 {
		s.releaseOne(s.join.sent[n])
		n++
	}
	s.join.sent = slices.Delete(s.join.sent, 0, n)
}

// releaseAll hands on everything reported: what is missing will not come.
func (s *Session) releaseAll() {
	for _, fl := range s.join.sent {
		s.releaseOne(fl)
	}
	s.join.sent = nil
}

func (s *Session) releaseOne(fl *inflight) {
	slices.SortStableFunc(fl.rows, func(a, b row) int { return cmp.Compare(a.smp.StartNs, b.smp.StartNs) })
	for i := range fl.rows {
		s.takeSample(&fl.rows[i], fl)
	}
	fl.rows = nil
}

func firstErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// sampleOf joins row i of a batch with its request.
func (s *Session) sampleOf(b *protocol.Batch, i int, fl *inflight, lane stats.Lane, mode stats.Mode) stats.Sample {
	it := &fl.item
	smp := stats.Sample{Request: fl.id, Generation: s.gen, Segment: fl.segment, Prompt: int32(it.Prompt),
		Order: uint8(b.Order[i]), Lane: lane, Mode: mode, Warmup: it.Warmup, Strategy: fl.label,
		Scenario: it.Scenario, Backend: b.Backend, Shape: b.Shape, Batch: int32(it.Batch),
		NewTokens: int32(it.NewTokens), StartNs: b.StartNs[i], WallNs: b.WallNs[i],
		DeviceNs: column(b.DeviceNs, i, stats.Absent), ResponseNs: stats.Absent,
		CompileNs: column(b.CompileNs, i, 0), TTFTNs: column(b.TTFTNs, i, stats.Absent),
		RunDelayNs: column(b.RunDelayNs, i, stats.Absent), MinFlt: column(b.MinFlt, i, stats.Absent),
		MajFlt: column(b.MajFlt, i, stats.Absent), NIvCSw: column(b.NIvCSw, i, stats.Absent)}
	if lane == stats.Eager {
		smp.Strategy = fl.label
	}
	smp.Tokens = semanticTokens(mode, it)
	smp.ExecutedTokens = int32(column(b.ExecutedTokens, i, int(smp.Tokens)))
	smp.KVTokens = int32(column(b.KVTokens, i, 0))
	if column(b.Error, i, "") != "" {
		smp.Failed = true
		id := fl.id
		s.emit(stats.Event{TNs: smp.StartNs, Kind: stats.KindError, Generation: s.gen, Segment: fl.segment, Lane: b.Lane,
			Mode: b.Mode, Strategy: fl.label, Shape: b.Shape, Request: &id, Reason: b.Error[i]})
	}
	return smp
}

// column reads row i of an optional column.
func column[T any](c []T, i int, absent T) T {
	if i < len(c) {
		return c[i]
	}
	return absent
}

// semanticTokens is what TR120 2.4 counts: prompt, generated, or both.
func semanticTokens(mode stats.Mode, it *Item) int32 {
	switch mode {
	case stats.KVDecode:
		return int32(it.Batch * it.NewTokens)
	case stats.E2EKV:
		return int32(it.Batch * (it.Tokens + it.NewTokens))
	case stats.Forward:
		return int32(it.Batch)
	}
	return int32(it.Batch * it.Tokens)
}

// takeSample completes a sample and hands it to statistics and journal.
func (s *Session) takeSample(r *row, fl *inflight) {
	smp := &r.smp
	smp.Seq = s.join.seq
	s.join.seq++
	key := reqLane{smp.Request, smp.Lane}
	if f, ok := s.join.flags[key]; ok {
		smp.Flags |= f
		delete(s.join.flags, key)
	}
	smp.Flags |= s.gpuNow.flags()
	if s.join.exports > 0 {
		smp.Flags |= stats.FlagTool
	}
	s.number(smp)
	s.response(smp, fl)
	s.learn(smp, fl)
	if !smp.Warmup {
		s.phaseRunning(smp)
		if smp.Lane == stats.Optimized {
			s.routeSeen(smp, fl)
		}
	}
	derived := s.coll.Add(smp)
	if len(r.steps) > 0 && smp.Counts() {
		s.coll.AddSteps(smp.Request, smp.Lane, smp.Mode, r.steps)
	}
	s.sinkErr(s.o.Sink.Sample(smp, r.steps, narrow(r.kv)))
	for _, e := range derived {
		e.Generation, e.Segment = smp.Generation, smp.Segment
		s.emit(e)
	}
}

// number gives the sample its place in its run; warm-ups are numbered apart. A
// failed one does not count: the next has its place too.
func (s *Session) number(smp *stats.Sample) {
	k := runKey{smp.Generation, smp.Segment, smp.Mode, smp.Lane, smp.Scenario}
	m := s.join.nth
	if smp.Warmup {
		m = s.join.nthWarm
	}
	smp.NthInRun = m[k]
	if !smp.Failed {
		m[k]++
	}
}

// response computes the time since a request was due. Interleaved, each lane
// is its own queue: Lindley's recursion over its service times and the plan's
// arrivals. Otherwise it is what happened.
func (s *Session) response(smp *stats.Sample, fl *inflight) {
	if fl.due == 0 || smp.Failed {
		return
	}
	if s.pairing != "interleaved" || contains(s.hello.Features, "parallel") {
		smp.ResponseNs = smp.StartNs + smp.WallNs - fl.due
		return
	}
	smp.ResponseNs = s.join.queue[smp.Lane].Response(fl.due, smp.WallNs)
}

func narrow(v []int) []int32 {
	if len(v) == 0 {
		return nil
	}
	out := make([]int32, len(v))
	for i, x := range v {
		out[i] = int32(x)
	}
	return out
}
