package kept

import (
	"cmp"
	"slices"

	"github.com/tailscope/tailscope/stats"
)

const (
	latest  = 4096 // of all samples
	telling = 8192 // of those in the tail or with an event attached
	most    = 200  // rows of an answer
)

// Kept is what is remembered. One goroutine owns it. The zero value is empty.
type Kept struct {
	all, tell ring
}

// ring holds the last samples up to its size.
type ring struct {
	v []stats.Sample
	n int // added so far
}

func (r *ring) add(s *stats.Sample, size int) {
	if len(r.v) < size {
		r.v = append(r.v, *s)
	} else {
		r.v[r.n%size] = *s
	}
	r.n++
}

// Telling reports whether a sample is remembered for long.
func Telling(s *stats.Sample) bool {
	return s.Failed || s.Cause != stats.CauseNone || s.Flags&(stats.EventFlags|stats.FlagSpike|stats.FlagShapeNew) != 0
}

// Add takes in a sample that the collector has seen.
func (k *Kept) Add(s *stats.Sample) {
	if s.Warmup {
		return
	}
	if Telling(s) {
		k.tell.add(s, telling)
		return
	}
	k.all.add(s, latest)
}

// Query says which samples are meant. What is zero does not restrict.
type Query struct {
	Title    string // what the user pointed at
	Mode     stats.Mode
	Lane     *stats.Lane
	Shape    string
	Scenario string
	Cause    stats.Cause
	Request  *uint64
	Segment  *int32
	From, To int64 // instants of the end of the sample, ns
	MinNs    int64 // latency
	MaxNs    int64
}

func (q *Query) match(s *stats.Sample) bool {
	end := s.StartNs + s.WallNs
	return s.Mode == q.Mode && (q.Lane == nil || *q.Lane == s.Lane) && (q.Shape == "" || q.Shape == s.Shape) && (q.Scenario == "" || q.Scenario == s.Scenario) &&
		(q.Cause == stats.CauseNone || q.Cause == s.Cause) && (q.Request == nil || *q.Request == s.Request) && (q.Segment == nil || *q.Segment == s.Segment) &&
		(q.From == 0 || end >= q.From) && (q.To == 0 || end < q.To) && s.WallNs >= q.MinNs && (q.MaxNs == 0 || s.WallNs < q.MaxNs)
}

// Found answers a query: the slowest samples, slowest first.
type Found struct {
	Query Query
	Rows  []stats.Sample // at most 200
	Other []stats.Sample // of each row, the same request in the other lane; Seq 0 and Shape "" where it is not remembered
	N     int            // that are remembered and match
	Since int64          // instant from which every sample is remembered, slow ones or not; 0: all ever are
}

// Find looks for what a query means.
func (k *Kept) Find(q Query) *Found {
	f := &Found{Query: q}
	for _, r := range []*ring{&k.tell, &k.all} {
		for i := range r.v {
			if q.match(&r.v[i]) {
				f.Rows = append(f.Rows, r.v[i])
			}
		}
		if r.n > len(r.v) {
			f.Since = max(f.Since, r.v[r.n%len(r.v)].StartNs)
		}
	}
	slices.SortFunc(f.Rows, func(a, b stats.Sample) int {
		return cmp.Or(cmp.Compare(b.WallNs, a.WallNs), cmp.Compare(a.Seq, b.Seq))
	})
	f.N = len(f.Rows)
	f.Rows = slices.Clip(f.Rows[:min(len(f.Rows), most)])
	k.others(f)
	return f
}

// others finds the other halves of the rows' pairs.
func (k *Kept) others(f *Found) {
	type half struct {
		generation int32
		request    uint64
		lane       stats.Lane
	}
	at := map[half]int{}
	for i := range f.Rows {
		s := &f.Rows[i]
		at[half{s.Generation, s.Request, 1 - s.Lane&1}] = i
	}
	f.Other = make([]stats.Sample, len(f.Rows))
	for _, r := range []*ring{&k.tell, &k.all} {
		for j := range r.v {
			s := &r.v[j]
			if i, ok := at[half{s.Generation, s.Request, s.Lane}]; ok && s.Mode == f.Query.Mode {
				f.Other[i] = *s
			}
		}
	}
}
