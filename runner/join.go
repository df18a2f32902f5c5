package runner

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// inflight is one request on its way.
type inflight struct {
	id       uint64
	item     plan.Item
	segment  int32
	strategy plan.Strategy
	label    string
	aa       bool
	order    []string
	due      int64
	sentNs   int64
	key      string // of its shapes, as router.key makes it
	left     int    // lanes that have not reported
	rows     []row  // those that have, until everything sent before is in
	together bool   // both lanes at once
	unasked  bool   // the engine observes: nobody sent it
	suspect  bool   // was in hand when a worker died
	routed   bool   // to the eager session, by the rule of --route
	ahead    bool   // a warm-up that was asked for
}

// String names a request for a sentence: "request 17 (prefill, 61 tokens)".
func (fl *inflight) String() string {
	it := &fl.item
	if len(it.Dims) > 0 {
		var dims []string
		for _, name := range slices.Sorted(maps.Keys(it.Dims)) {
			dims = append(dims, fmt.Sprintf("%s=%d", name, it.Dims[name]))
		}
		return fmt.Sprintf("request %d (%s, %s)", fl.id, it.Mode, strings.Join(dims, ", "))
	}
	return fmt.Sprintf("request %d (%s, %d tokens)", fl.id, it.Mode, it.Tokens)
}

// joiner joins what the worker reports with what was asked, and hands samples
// on in the order in which they ran, or ended where several run at once.
type joiner struct {
	rec         *recorder
	out         func(*row, *inflight)
	pending     map[uint64]*inflight // sent, not reported by all lanes
	sent        []*inflight          // in the order sent, not yet handed on
	outstanding int                  // requests that hold credit
	parallel    bool                 // the engine runs several at once
	flags       map[reqLane]stats.Flag
	nth         map[runKey]*int32 // counted samples so far of each run
	places      []*place          // of the batch in hand
	spare       [][]row           // room of requests that were handed on
	errors      repeats
	queue       [stats.NumLanes]stats.Lindley // open loop, interleaved: each lane its own server
}

func newJoiner(rec *recorder, out func(*row, *inflight)) joiner {
	return joiner{rec: rec, out: out, pending: map[uint64]*inflight{}, flags: map[reqLane]stats.Flag{}, nth: map[runKey]*int32{}}
}

type reqLane struct {
	request uint64
	lane    stats.Lane
}

// expect notes a request that is sent.
func (j *joiner) expect(fl *inflight) {
	fl.sentNs = clock.Monotonic()
	j.pending[fl.id] = fl
	j.sent = append(j.sent, fl)
	j.outstanding++
}

// head is the oldest request that has not been reported by all its lanes: what
// the worker is inside of. Nil: nothing is in hand.
func (j *joiner) head() *inflight {
	for _, fl := range j.sent {
		if fl.left > 0 {
			return fl
		}
	}
	return nil
}

// flag marks the sample of a request in a lane, which has yet to come.
func (j *joiner) flag(request uint64, lane stats.Lane, f stats.Flag) {
	j.flags[reqLane{request, lane}] |= f
}

// take joins the rows of a batch with their requests. unasked makes the
// request of a sample that nobody asked for; nil: there are none.
func (j *joiner) take(b *protocol.Batch, unasked func(id uint64) *inflight) error {
	lane, err := stats.ParseLane(b.Lane)
	mode, merr := stats.ParseMode(b.Mode)
	if err = cmp.Or(err, b.Check(), merr); err != nil {
		return fmt.Errorf("batch of lane %q, mode %q: %w", b.Lane, b.Mode, err)
	}
	b.Shape, b.Backend, b.Scenario = clip(b.Shape, maxName), clip(b.Backend, maxName), clip(b.Scenario, maxName)
	now := clock.Monotonic()
	j.places = j.places[:0]
	for i, id := range b.Request {
		fl := j.pending[id]
		if fl == nil && unasked != nil {
			fl = unasked(id)
			fl.unasked = true
			j.expect(fl)
		}
		if fl == nil {
			return fmt.Errorf("a sample of request %d, which is not in hand", id)
		}
		if err := fl.asked(b, i); err != nil {
			return err
		}
		from, k := b, i
		if why := fl.impossible(b, i, now); why != "" {
			from, k = instead(b, i, why, now), 0
		}
		r := j.room(fl, from.StartNs[k])
		j.fill(&r.smp, from, k, fl, lane, mode)
		r.place, r.steps, r.kv, r.err = j.placeOf(&r.smp), column(from.StepsNs, k, nil), column(from.StepsKV, k, nil), column(from.Error, k, "")
		if fl.left--; fl.left == 0 {
			delete(j.pending, id)
			j.outstanding--
		}
	}
	j.release()
	return nil
}

// takeBack forgets requests that the worker dropped and returns them.
func (j *joiner) takeBack(ids []uint64) (dropped []*inflight) {
	gone := map[*inflight]bool{}
	for _, id := range ids {
		fl := j.pending[id]
		if fl == nil {
			continue
		}
		delete(j.pending, id)
		j.outstanding--
		fl.due, gone[fl] = 0, true
		dropped = append(dropped, fl)
	}
	j.sent = slices.DeleteFunc(j.sent, func(fl *inflight) bool { return gone[fl] })
	j.release()
	return dropped
}

// lost hands on what has been reported, forgets everything that is in hand and
// returns it, oldest first: its worker has ended.
func (j *joiner) lost() []*inflight {
	j.releaseAll()
	gone := slices.SortedFunc(maps.Values(j.pending), func(a, b *inflight) int { return cmp.Compare(a.id, b.id) })
	clear(j.pending)
	clear(j.flags)
	j.outstanding = 0
	return gone
}

// release hands on what has been reported by all lanes, in the order in which
// it was sent, hence ran: batches come by shape, and runs, queues and first
// samples need the order of time. Where requests run side by side, none waits
// for one that takes longer.
func (j *joiner) release() {
	if j.parallel {
		j.sent = slices.DeleteFunc(j.sent, func(fl *inflight) bool {
			if fl.left > 0 {
				return false
			}
			j.releaseOne(fl)
			return true
		})
		return
	}
	n := 0
	for n < len(j.sent) && j.sent[n].left == 0 {
		j.releaseOne(j.sent[n])
		n++
	}
	j.sent = slices.Delete(j.sent, 0, n)
}

// releaseAll hands on everything reported: what is missing will not come.
func (j *joiner) releaseAll() {
	for _, fl := range j.sent {
		j.releaseOne(fl)
	}
	j.sent = nil
	for lane := range j.errors {
		j.errors.end(stats.Lane(lane), j.rec.emit)
	}
}

func (j *joiner) releaseOne(fl *inflight) {
	for i := range fl.rows {
		r := &fl.rows[i]
		key := reqLane{r.smp.Request, r.smp.Lane}
		if f, ok := j.flags[key]; ok {
			r.smp.Flags |= f
			delete(j.flags, key)
		}
		j.out(r, fl)
	}
	if fl.rows != nil {
		clear(fl.rows)
		j.spare, fl.rows = append(j.spare, fl.rows[:0]), nil
	}
}
