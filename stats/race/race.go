package race

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Objective is what is to be small.
type Objective uint8

// Objectives.
const (
	P99 Objective = iota
	P50
	Mean
)

var objectives = []string{P99: "p99", P50: "p50", Mean: "mean"}

// String is its name on the command line.
func (o Objective) String() string { return objectives[o] }

// ParseObjective is the inverse of String.
func ParseObjective(s string) (Objective, error) {
	if i := slices.Index(objectives, s); i >= 0 {
		return Objective(i), nil
	}
	return 0, fmt.Errorf("unknown objective %q: want p99, p50 or mean", s)
}

// quantile is the objective's, 0 for the mean.
func (o Objective) quantile() float64 {
	return []float64{P99: .99, P50: .5, Mean: 0}[o]
}

// Candidate is what may win.
type Candidate struct {
	Name   string
	Firsts int // distinct executables that Options.Horizon requests need; 0: none is made
}

// Obs is what one request took in one candidate.
type Obs struct {
	Candidate int    `json:"c"`
	Ns        int64  `json:"ns"`
	CompileNs int64  `json:"compile_ns,omitempty"` // part of Ns
	First     bool   `json:"first,omitempty"`      // an executable was made or a graph captured inside
	Beside    bool   `json:"beside,omitempty"`     // made while others made theirs: it takes longer than alone
	BoundNs   int64  `json:"bound_ns,omitempty"`   // least time in which the device could answer it; 0 unknown
	Bad       string `json:"bad,omitempty"`        // why its time is no win: it failed, or its outputs differ
}

// Options of a race.
type Options struct {
	Objective Objective
	Horizon   int     // requests over which executables are paid; at least 1
	Alpha     float64 // chance that the best is thrown out; 0: 0.05
	Margin    float64 // what is no difference, a share; 0: 0.02
	SLONs     int64   // p99 not to exceed; 0: none
	Seed      uint64
}

// Race is one race. Its caller's goroutine owns it.
type Race struct {
	o      Options
	all    []*racer
	rng    *rand.Rand
	blocks int
	next   int // block at which to judge again
	over   string
}

// racer is a candidate and what it did.
type racer struct {
	Candidate
	at        int
	block     []int   // in which it ran, ascending
	ns        []int64 // what it took there
	first     []bool
	sorted    []int64   // ns of those that made nothing, ascending
	firstNs   []int64   // of those that made something, ascending
	shares    []float64 // of the limit, of those that made nothing and whose bound is known
	compileNs int64
	beside    bool // some of it beside others
	spentNs   int64
	bad       int
	out       string // why it is out; "" it races
	told      bool   // out by a test, not by a bound
	slower    []signs
}

// New begins a race.
func New(candidates []Candidate, o Options) *Race {
	o.Alpha, o.Margin, o.Horizon = cmp.Or(o.Alpha, .05), cmp.Or(o.Margin, .02), max(o.Horizon, 1)
	r := &Race{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0x72616365))}
	for i, c := range candidates {
		r.all = append(r.all, &racer{Candidate: c, at: i, slower: make([]signs, len(candidates))})
	}
	r.settle()
	return r
}

// baselineEvery is how often the baseline, the first candidate, still runs once it is out.
const baselineEvery = 4

// Ask returns who runs the next request, in the order in which they are to.
func (r *Race) Ask() []int {
	var who []int
	for i, c := range r.all {
		if c.out == "" || i == 0 && r.blocks%baselineEvery == 0 {
			who = append(who, i)
		}
	}
	r.rng.Shuffle(len(who), func(i, j int) { who[i], who[j] = who[j], who[i] })
	return who
}

// Tell takes in what a block took, and judges.
func (r *Race) Tell(block []Obs) {
	for _, x := range block {
		r.all[x.Candidate].add(r.blocks, x)
	}
	for _, a := range block {
		for _, b := range block {
			r.compare(a, b)
		}
	}
	r.blocks++
	if r.blocks >= r.next {
		r.judge()
		r.next = r.blocks + max(1, r.blocks/20)
	}
}

func (c *racer) add(block int, x Obs) {
	c.spentNs += x.Ns
	if x.Bad != "" {
		if c.bad++; c.out == "" {
			c.out = x.Bad
		}
		return
	}
	c.compileNs += x.CompileNs
	c.beside = c.beside || x.Beside && x.First
	if x.First {
		c.firstNs = insert(c.firstNs, x.Ns)
	} else {
		c.sorted = insert(c.sorted, x.Ns)
	}
	if !x.First && x.BoundNs > 0 && x.Ns > 0 {
		c.shares = append(c.shares, float64(x.BoundNs)/float64(x.Ns))
	}
	c.block, c.ns, c.first = append(c.block, block), append(c.ns, x.Ns), append(c.first, x.First)
}

// Drop takes a candidate out for a reason that is not the race's own: a bound
// it breaks, or that it cannot run.
func (r *Race) Drop(i int, why string) {
	if r.all[i].out == "" {
		r.all[i].out = why
		r.settle()
	}
}

// Stop ends the race as it stands.
func (r *Race) Stop(why string) {
	if r.over == "" {
		r.over = why
	}
}

// Over is why the race has ended; "" it has not.
func (r *Race) Over() string { return r.over }

// Blocks is how many were told.
func (r *Race) Blocks() int { return r.blocks }

// SpentNs is the time that a candidate's requests took.
func (r *Race) SpentNs(i int) int64 { return r.all[i].spentNs }

// Only is the place of the only candidate left; −1 while there are others, or none.
func (r *Race) Only() int {
	if left := r.racing(); len(left) == 1 {
		return left[0].at
	}
	return -1
}

// racing are the candidates that are left.
func (r *Race) racing() (left []*racer) {
	for _, c := range r.all {
		if c.out == "" {
			left = append(left, c)
		}
	}
	return left
}

// settle ends a race with nobody left to race against.
func (r *Race) settle() {
	switch left := r.racing(); len(left) {
	case 0:
		r.Stop("no candidate is left")
	case 1:
		r.Stop("only " + left[0].Name + " is left")
	}
}
