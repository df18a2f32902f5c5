package compare

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Difference is one thing that is not the same in two sessions.
type Difference struct {
	What, A, B string
	Blocks     bool // makes a verdict meaningless
}

// QuantileDelta compares one quantity of one mode and label. Times are ms; the
// interval is at 95 %.
type QuantileDelta struct {
	Mode, Label, Quantity string
	NA, NB                uint64
	A, B                  float64
	Delta, Lo, Hi         float64 // B − A; NaN where the interval is not offered
	Ratio, RLo, RHi       float64 // B ÷ A
	Need                  int     // samples the smaller side still needs; 0: enough
}

// Comparison is two results side by side.
type Comparison struct {
	A, B        string
	Differences []Difference // the environment, blocking ones first
	Deltas      []QuantileDelta
	Notes       []string
	a, b        quantities
	Modes       []string // that both have
	OnlyA       []string // modes that B lacks: nothing says how it does there
}

// Blocked returns what makes a verdict meaningless, as a sentence, or "".
func (c *Comparison) Blocked() string {
	var w []string
	for _, d := range c.Differences {
		if d.Blocks {
			w = append(w, fmt.Sprintf("%s (%s against %s)", d.What, cmp.Or(d.A, "unknown"), cmp.Or(d.B, "unknown")))
		}
	}
	if len(w) == 0 {
		return ""
	}
	return "no verdict: the sessions differ in " + strings.Join(w, ", ") + "; compare anyway with --force"
}

// Lookup returns the quantity of a name in mode, "label.quantity".
func (c *Comparison) Lookup(mode, name string, inA bool) (float64, bool) {
	q := c.b
	if inA {
		q = c.a
	}
	v, ok := q[mode][name]
	if !ok { // a lane that one side lost is no misspelt name
		_, a := c.a[mode][name]
		_, b := c.b[mode][name]
		return math.NaN(), a || b
	}
	return v, ok
}

// Names lists the quantities of a mode that A has, in order.
func (c *Comparison) Names(mode string) []string { return slices.Sorted(maps.Keys(c.a[mode])) }

// Needs returns how many samples the smaller side still needs before the
// quantity of that name should be believed; 0: enough, or none are counted.
func (c *Comparison) Needs(mode, name string) int {
	for _, d := range c.Deltas {
		if d.Mode == mode && d.Label+"."+d.Quantity == name {
			return d.Need
		}
	}
	return 0
}

// side is one of the two results of a comparison.
type side struct {
	s      *folder.Session // nil: a result of another tool
	rep    *labels.Report
	m      *folder.Manifest // nil: no session folder
	now    *folder.Observed // of a session that is not finished, else nil
	clocks []float64        // readings of the SM clock, MHz
}

// Results reads two results, session folders or files of other tools. Of a
// session that still runs it compares what is there and says so.
func Results(a, b string, o foreign.Options) (*Comparison, error) {
	c := &Comparison{A: a, B: b}
	x, err := c.open("A", a, o)
	if err != nil {
		return nil, err
	}
	y, err := c.open("B", b, o)
	if err != nil {
		return nil, err
	}
	if c.a, err = x.quantities(o); err != nil {
		return nil, err
	}
	if c.b, err = y.quantities(o); err != nil {
		return nil, err
	}
	if x.m != nil && y.m != nil {
		c.Differences = blockingFirst(append(environment(x, y), c.configuration(x, y, o.Where)...))
	} else {
		c.Notes = append(c.Notes, "At least one side is no session folder: what it ran on is not recorded, so differences of the environment cannot be seen.")
	}
	c.deltas(x.rep, y.rep)
	c.reported(x.rep, y.rep)
	if len(c.Deltas) == 0 {
		return nil, fmt.Errorf("%s and %s have no mode and label in common: %s against %s", a, b, names(x.rep), names(y.rep))
	}
	c.oneSided(x.rep, y.rep)
	c.control()
	return c, nil
}

// open reads one side.
func (c *Comparison) open(name, path string, o foreign.Options) (*side, error) {
	s, err := openFolder(path)
	if err != nil {
		return nil, err
	}
	x := &side{s: s}
	if x.rep, err = analyze([]string{path}, func(string) (*folder.Session, error) { return s, nil }, o, labels.Options{Source: path}); err != nil || s == nil {
		return x, err
	}
	x.m = s.Manifest
	if !s.Journal {
		x.clocks = s.SMClocks()
		return x, nil
	}
	c.Notes = append(c.Notes, name+": "+s.Unfinished())
	if x.now, err = s.Observe(); err != nil {
		return nil, err
	}
	x.m, x.clocks = &x.now.Manifest, x.now.SMClocks
	if !s.Lives() {
		x.m.State = "died"
	}
	return x, nil
}

func names(r *labels.Report) string {
	var out []string
	for i := range r.Overall {
		out = append(out, strings.TrimPrefix(r.Overall[i].Mode+"."+r.Overall[i].Backend, "."))
	}
	out = append(out, reportedNames(r)...)
	return cmp.Or(strings.Join(out, ", "), "none")
}

// deltas compares what both sides have.
func (c *Comparison) deltas(ra, rb *labels.Report) {
	for i := range ra.Overall {
		ga := &ra.Overall[i]
		for k := range rb.Overall {
			gb := &rb.Overall[k]
			if ga.Mode != gb.Mode || ga.Backend != gb.Backend {
				continue
			}
			if !slices.Contains(c.Modes, ga.Mode) {
				c.Modes = append(c.Modes, ga.Mode)
			}
			c.Deltas = append(c.Deltas, meanDelta(ga, gb))
			for _, q := range [...]struct {
				name string
				q    float64
			}{{"p50_ms", .5}, {"p90_ms", .9}, {"p95_ms", .95}, {"p99_ms", .99}, {"p999_ms", .999}} {
				c.Deltas = append(c.Deltas, quantileDelta(ga, gb, q.name, q.q))
			}
		}
	}
}

// oneSided notes the modes that only one side has samples in.
func (c *Comparison) oneSided(ra, rb *labels.Report) {
	c.OnlyA = c.lone(ra)
	for _, side := range [...]struct {
		name  string
		modes []string
	}{{"A", c.OnlyA}, {"B", c.lone(rb)}} {
		if len(side.modes) > 0 {
			c.Notes = append(c.Notes, fmt.Sprintf("Only %s has samples in %s: nothing is compared there.", side.name, strings.Join(side.modes, ", ")))
		}
	}
}

// lone returns the modes of one side that are not in both.
func (c *Comparison) lone(r *labels.Report) []string {
	var out []string
	for i := range r.Overall {
		if m := r.Overall[i].Mode; !slices.Contains(c.Modes, m) && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// quantileDelta combines the distribution-free intervals of both quantiles by
// MOVER (Zou and Donner 2008), on the logarithm for the ratio.
func quantileDelta(a, b *labels.Group, name string, q float64) QuantileDelta {
	d := delta(a, b, name)
	sa, sb := a.Sorted(), b.Sorted()
	if !a.Exact || !b.Exact { // only histograms are left: no order statistics, no interval
		nan := math.NaN()
		d.A, d.B = float64(a.Quantile(q)), float64(b.Quantile(q))
		d.between(nan, nan, nan, nan)
		return d
	}
	qa, qb := quantile.Exact(sa, q), quantile.Exact(sb, q)
	d.A, d.B = qa.Value/1e6, qb.Value/1e6
	d.Need = max(qa.Need, qb.Need)
	d.between(qa.Lo/1e6, qa.Hi/1e6, qb.Lo/1e6, qb.Hi/1e6)
	return d
}

// meanDelta uses the normal interval of each mean.
func meanDelta(a, b *labels.Group) QuantileDelta {
	d := delta(a, b, "mean_ms")
	d.A, d.B = float64(a.MeanMs), float64(b.MeanMs)
	ha := 1.959964 * float64(a.StdMs) / math.Sqrt(float64(a.N))
	hb := 1.959964 * float64(b.StdMs) / math.Sqrt(float64(b.N))
	d.between(d.A-ha, d.A+ha, d.B-hb, d.B+hb)
	return d
}

func delta(a, b *labels.Group, name string) QuantileDelta {
	return QuantileDelta{Mode: a.Mode, Label: a.Backend, Quantity: name, NA: a.N, NB: b.N}
}

// between sets delta and ratio with their MOVER intervals.
func (d *QuantileDelta) between(aLo, aHi, bLo, bHi float64) {
	d.Delta, d.Lo, d.Hi = mover(d.A, aLo, aHi, d.B, bLo, bHi)
	r, lo, hi := mover(math.Log(d.A), math.Log(aLo), math.Log(aHi), math.Log(d.B), math.Log(bLo), math.Log(bHi))
	d.Ratio, d.RLo, d.RHi = math.Exp(r), math.Exp(lo), math.Exp(hi)
}

func mover(a, aLo, aHi, b, bLo, bHi float64) (diff, lo, hi float64) {
	diff = b - a
	return diff, diff - math.Hypot(b-bLo, aHi-a), diff + math.Hypot(bHi-b, a-aLo)
}

// control notes when the eager lane moved: then the machine did, not the
// compiled path.
func (c *Comparison) control() {
	for _, d := range c.Deltas {
		if d.Label != stats.Eager.String() || d.Quantity != "p50_ms" || math.IsNaN(d.RLo) {
			continue
		}
		if d.RLo > 1.02 || d.RHi < 0.98 {
			c.Notes = append(c.Notes, fmt.Sprintf("%s: the eager lane's median moved by %+.1f %% as well (95 %%: %+.1f to %+.1f): the machine or the load differs, not only the optimized lane.",
				cmp.Or(d.Mode, "all"), (d.Ratio-1)*100, (d.RLo-1)*100, (d.RHi-1)*100))
		}
	}
}
