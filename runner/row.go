package runner

import (
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/live"
)

// row is a reported sample that waits for those that ran before it.
type row struct {
	smp   stats.Sample
	place *place
	steps []int64
	kv    []int
	err   string // of the engine; "" it succeeded
}

// place is where the samples of a batch belong that share a run and a label.
type place struct {
	label string
	run   runKey
	live  live.Place
	nth   *int32 // counted samples so far of the run
}

// runKey names a run: the samples that DESIGN puts into one file, or the
// warm-ups before them.
type runKey struct {
	generation, segment int32
	mode                stats.Mode
	lane                stats.Lane
	warmup              bool
	scenario            string
}

// room is a new row of a request for what began at startNs: rows stand in the
// order of their starts.
func (j *joiner) room(fl *inflight, startNs int64) *row {
	if n := len(j.spare); fl.rows == nil && n > 0 {
		fl.rows, j.spare = j.spare[n-1], j.spare[:n-1]
	}
	i := len(fl.rows)
	fl.rows = append(fl.rows, row{})
	for ; i > 0 && fl.rows[i-1].smp.StartNs > startNs; i-- {
		fl.rows[i] = fl.rows[i-1]
	}
	return &fl.rows[i]
}

// placeOf finds the place of a sample among those of its batch, which has one
// shape.
func (j *joiner) placeOf(smp *stats.Sample) *place {
	run := runKey{smp.Generation, smp.Segment, smp.Mode, smp.Lane, smp.Warmup, smp.Scenario}
	for _, p := range j.places {
		if p.label == smp.Strategy && p.run == run {
			return p
		}
	}
	if j.nth[run] == nil {
		j.nth[run] = new(int32)
	}
	p := &place{label: smp.Strategy, run: run, nth: j.nth[run]}
	j.places = append(j.places, p)
	return p
}

// fill joins row i of a batch with its request.
func (j *joiner) fill(smp *stats.Sample, b *protocol.Batch, i int, fl *inflight, lane stats.Lane, mode stats.Mode) {
	it := &fl.item
	*smp = stats.Unknown()
	smp.Request, smp.Generation, smp.Segment, smp.Prompt = fl.id, j.rec.gen, fl.segment, int32(it.Prompt)
	smp.Order, smp.Lane, smp.Mode, smp.Warmup = uint8(b.Order[i]), lane, mode, it.Warmup
	smp.Strategy, smp.Scenario, smp.Backend, smp.Shape = fl.label, it.Scenario, b.Backend, b.Shape
	smp.Batch, smp.NewTokens, smp.StartNs, smp.WallNs = int32(it.Batch), int32(it.NewTokens), b.StartNs[i], b.WallNs[i]
	smp.DeviceNs, smp.CompileNs = column(b.DeviceNs, i, stats.Absent), column(b.CompileNs, i, 0)
	smp.TTFTNs, smp.RunDelayNs = column(b.TTFTNs, i, stats.Absent), column(b.RunDelayNs, i, stats.Absent)
	smp.MinFlt, smp.MajFlt, smp.NIvCSw = column(b.MinFlt, i, stats.Absent), column(b.MajFlt, i, stats.Absent), column(b.NIvCSw, i, stats.Absent)
	for _, c := range protocol.Further {
		c.Set(smp, column(b.Further[c.Wire], i, c.Get(smp)))
	}
	smp.Tokens = semanticTokens(mode, it)
	smp.ExecutedTokens = int32(column(b.ExecutedTokens, i, int(smp.Tokens)))
	smp.KVTokens = int32(column(b.KVTokens, i, 0))
	if err := clip(column(b.Error, i, ""), maxReason); err != "" {
		smp.Failed = true
		id := fl.id
		j.errors.take(lane, stats.Event{TNs: smp.StartNs, Kind: stats.KindError, Generation: j.rec.gen, Segment: fl.segment, Lane: b.Lane,
			Mode: b.Mode, Strategy: fl.label, Shape: b.Shape, Request: &id, Reason: err}, j.rec.emit)
	} else {
		j.errors.end(lane, j.rec.emit)
	}
}

// column reads row i of an optional column.
func column[T any](c []T, i int, absent T) T {
	if i < len(c) {
		return c[i]
	}
	return absent
}

// semanticTokens is what TR120 2.4 counts: prompt, generated, or both.
func semanticTokens(mode stats.Mode, it *plan.Item) int32 {
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

// number gives the sample its place in its run; warm-ups are numbered apart. A
// failed one does not count: the next has its place too.
func (r *row) number() {
	r.smp.NthInRun = *r.place.nth
	if !r.smp.Failed {
		*r.place.nth++
	}
}

// response computes the time since a request was due. Where lanes take turns,
// each is its own queue: Lindley's recursion over its service times and the
// plan's arrivals. Otherwise it is what happened.
func (j *joiner) response(smp *stats.Sample, fl *inflight, turns bool) {
	switch {
	case fl.due == 0 || smp.Failed:
	case turns:
		smp.ResponseNs = j.queue[smp.Lane].Response(fl.due, smp.WallNs)
	default:
		smp.ResponseNs = smp.StartNs + smp.WallNs - fl.due
	}
}
