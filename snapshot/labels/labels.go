package labels

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/stats/exact"
)

// Budget is the number of values kept exactly, 8 bytes each.
const Budget = 16 << 20

// Bounds of what is kept apart.
const (
	maxCells   = 100_000 // runs × labels × scenarios
	maxInHists = 400     // of them once histograms are needed
	maxWorst   = 20
)

// Options say what to compute.
type Options struct {
	First  int // samples of each run to leave out in the cold-start tables; 0 means 1
	Source string
	By     string // name of the breakdown column
	budget int    // of values, for tests; 0: Budget
}

// cellKey names the rows of one run of one label.
type cellKey struct {
	mode, label, scenario, by, quantization, model, file, run string
}

type cell struct {
	key    cellKey
	hasRun bool
	d      exact.Series
}

// Analysis takes rows in and keeps what the tables need.
type Analysis struct {
	o        Options
	cells    map[cellKey]*cell
	order    []*cell
	recent   [256]*cell // by quickHash: rows of the same few cells alternate
	values   int
	hists    bool
	worst    []foreign.Row // the slowest, in order
	statuses map[string]*LeftOut
	failed   map[[2]string]uint64 // by mode and label
	models   map[string]bool
}

// New returns an empty Analysis.
func New(o Options) *Analysis {
	if o.First <= 0 {
		o.First = 1
	}
	if o.budget == 0 {
		o.budget = Budget
	}
	return &Analysis{o: o, cells: map[cellKey]*cell{}, statuses: map[string]*LeftOut{}, failed: map[[2]string]uint64{}, models: map[string]bool{}}
}

// Add takes in one row. Rows of a run come in their order.
func (a *Analysis) Add(r *foreign.Row) error {
	st := a.status(r.Label)
	switch {
	case !r.OK:
		st.Failed++
		a.failed[[2]string{r.Mode, r.Label}]++
		return nil
	case r.Warmup:
		st.Warmups++
		return nil
	}
	st.OK++
	c, err := a.cell(r)
	if err != nil {
		return err
	}
	return a.take(c, r)
}

// Run takes in samples of one run of one label.
type Run struct {
	a   *Analysis
	st  *LeftOut
	c   *cell
	row foreign.Row
}

// Run returns the run that r belongs to; r itself is not taken in. To add
// through it is the same as to Add rows that differ in Ns and Index only,
// without comparing their names.
func (a *Analysis) Run(r *foreign.Row) (*Run, error) {
	c, err := a.cell(r)
	if err != nil {
		return nil, err
	}
	return &Run{a: a, st: a.status(r.Label), c: c, row: *r}, nil
}

// Add takes in one sample with status ok that is no warm-up. Samples of a run
// come in their order.
func (r *Run) Add(ns, index int64) error {
	r.st.OK++
	r.row.Ns, r.row.Index = ns, index
	return r.a.take(r.c, &r.row)
}

func (a *Analysis) status(label string) *LeftOut {
	st := a.statuses[label]
	if st == nil {
		st = &LeftOut{Label: label}
		a.statuses[label] = st
	}
	return st
}

func (a *Analysis) take(c *cell, r *foreign.Row) error {
	c.d.Add(r.Ns)
	if !a.hists {
		if a.values++; a.values > a.o.budget {
			if err := a.toHists(); err != nil {
				return err
			}
		}
	}
	if len(a.worst) < maxWorst || r.Ns > a.worst[len(a.worst)-1].Ns {
		i, _ := slices.BinarySearchFunc(a.worst, r.Ns, func(w foreign.Row, ns int64) int { return cmp.Or(cmp.Compare(ns, w.Ns), -1) }) // behind its equals
		a.worst = slices.Insert(a.worst, i, *r)
		a.worst = a.worst[:min(len(a.worst), maxWorst)]
	}
	return nil
}

func (a *Analysis) cell(r *foreign.Row) (*cell, error) {
	k := cellKey{mode: r.Mode, label: r.Label, scenario: r.Scenario, by: r.By, quantization: r.Quantization, model: r.Model,
		file: r.File, run: r.Run}
	slot := &a.recent[quickHash(&k)]
	if *slot != nil && (*slot).key == k {
		return *slot, nil
	}
	c := a.cells[k]
	if c == nil {
		if len(a.cells) >= maxCells || a.hists && len(a.cells) >= maxInHists {
			return nil, fmt.Errorf("more than %d runs, labels and scenarios to keep apart; narrow the input with --where", len(a.cells))
		}
		c = &cell{key: k, hasRun: r.HasRun, d: exact.Series{KeepFirsts: a.o.First}}
		if a.hists {
			c.d.Bound()
		}
		a.cells[k] = c
		a.order = append(a.order, c)
		if len(a.models) < 1000 && r.Model != "" {
			a.models[r.Model] = true
		}
	}
	*slot = c
	return c, nil
}

// toHists bounds memory: from now on values go into histograms.
func (a *Analysis) toHists() error {
	if len(a.cells) > maxInHists {
		return fmt.Errorf("more than %d values in more than %d runs do not fit; narrow the input with --where", a.o.budget, maxInHists)
	}
	a.hists = true
	for _, c := range a.order {
		c.d.Bound()
	}
	return nil
}

// ErrEmpty says that no row was left to analyse.
var ErrEmpty = errors.New("no row with status ok is left to analyse")

// quickHash spreads keys over the recent cells by a few of their bytes.
func quickHash(k *cellKey) uint8 {
	h := uint8(len(k.label))
	for _, s := range [...]string{k.label, k.scenario, k.by, k.run, k.file} {
		if n := len(s); n > 0 {
			h = h*31 + s[n-1] + s[n/2]
		}
	}
	return h
}
