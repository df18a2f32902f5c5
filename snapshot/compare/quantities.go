package compare

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"reflect"
	"slices"

	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/internal/fields"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/stats"
)

// quantities of a mode, by "label.key".
type quantities map[string]map[string]float64

// quantities names the quantities of a result: the keys of summary.json for
// each label, and for a session folder its counters, pairs and causes. What a
// folder holds is of all its rows, so with a filter on anything but the mode
// there are the quantities of the rows that were kept only.
func (x *session) quantities(o foreign.Options) (quantities, error) {
	q, r := quantities{}, x.rep
	for i := range r.Overall {
		g := &r.Overall[i]
		q.group(g.Mode, g.Backend, g)
	}
	q.reported(r)
	q.errors(r)
	if slices.ContainsFunc(o.Where, func(f foreign.Filter) bool { return f.Column != "mode" }) {
		return q, nil
	}
	if x.m == nil { // there are latencies only
		return q, nil
	}
	for mode := range q {
		c, s, err := x.files(mode)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		q.session(mode, c, s)
	}
	q.errors(r) // warm-ups that failed are errors to a gate
	return q, nil
}

// errors sets how many rows of each label failed, also of one in which nothing
// else is left.
func (q quantities) errors(r *labels.Report) {
	for i := range r.Overall {
		q.set(r.Overall[i].Mode, r.Overall[i].Backend+".errors", 0)
	}
	for k, n := range r.Failed {
		q.set(k[0], k[1]+".errors", float64(n))
	}
}

func (q quantities) set(mode, name string, v float64) {
	if q[mode] == nil {
		q[mode] = map[string]float64{}
	}
	q[mode][name] = v
}

// group adds every number of a struct under its JSON name; what is not known is NaN.
func (q quantities) group(mode, label string, v any) {
	for k, x := range fields.Of(v) {
		switch {
		case x.CanFloat():
			f := x.Float()
			if math.IsInf(f, 0) {
				f = math.NaN()
			}
			q.set(mode, label+"."+k, f)
		case x.CanInt():
			q.set(mode, label+"."+k, float64(x.Int()))
		case x.CanUint():
			q.set(mode, label+"."+k, float64(x.Uint()))
		case x.Kind() == reflect.Bool:
			q.set(mode, label+"."+k, map[bool]float64{true: 1}[x.Bool()])
		}
	}
}

// files are compiler_counters.json and summary.json of a mode: read, or of a
// session that still runs computed.
func (x *session) files(mode string) (*folder.CounterFile, *stats.SummaryFile, error) {
	if x.now != nil {
		m, err := stats.ParseMode(mode)
		if err != nil {
			return nil, nil, err
		}
		c, s := x.now.Files(m)
		return c, s, nil
	}
	return x.s.ModeFiles(mode)
}

// session adds what a session's folder knows beyond latencies.
func (q quantities) session(mode string, counters *folder.CounterFile, s *stats.SummaryFile) {
	q.group(mode, stats.Optimized.String(), counters)
	for g := range s.Over("*") {
		q.group(mode, g.Lane, g)
	}
	if p := s.Pair(); p != nil {
		q.group(mode, pairLabel, p)
	}
	for c := stats.CauseCompile; c < stats.NumCauses; c++ {
		for l := range stats.NumLanes {
			q.set(mode, fmt.Sprintf("%s.cause_%s", stats.Lane(l), c), 0)
		}
	}
	for _, x := range s.Causes {
		q.set(mode, x.Lane+".cause_"+x.Cause, float64(x.N))
	}
}
