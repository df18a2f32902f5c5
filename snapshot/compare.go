package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"tailscope/snapshot/labels"
	"tailscope/snapshot/results"
	"tailscope/stats"
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

// quantities of a mode, by "label.key".
type quantities map[string]map[string]float64

// Blocked returns what makes a verdict meaningless, as a sentence, or "".
func (c *Comparison) Blocked() string {
	var w []string
	for _, d := range c.Differences {
		if d.Blocks {
			w = append(w, fmt.Sprintf("%s (%s against %s)", d.What, orElse(d.A, "unknown"), orElse(d.B, "unknown")))
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
	return v, ok
}

// Compare reads two results, session folders or files of other tools.
func Compare(a, b string, o results.Options) (*Comparison, error) {
	c := &Comparison{A: a, B: b}
	ra, err := Analyze([]string{a}, o, labels.Options{Source: a})
	if err != nil {
		return nil, err
	}
	rb, err := Analyze([]string{b}, o, labels.Options{Source: b})
	if err != nil {
		return nil, err
	}
	if c.a, err = quantitiesOf(a, ra, o); err != nil {
		return nil, err
	}
	if c.b, err = quantitiesOf(b, rb, o); err != nil {
		return nil, err
	}
	ma, erra := ReadManifest(a)
	mb, errb := ReadManifest(b)
	switch {
	case erra == nil && errb == nil:
		c.Differences = environment(ma, mb, a, b)
	default:
		c.Notes = append(c.Notes, "At least one side is no session folder: what it ran on is not recorded, so differences of the environment cannot be seen.")
	}
	c.deltas(ra, rb)
	if len(c.Deltas) == 0 {
		return nil, fmt.Errorf("%s and %s have no mode and label in common: %s against %s", a, b, names(ra), names(rb))
	}
	c.oneSided(ra, rb)
	c.control()
	return c, nil
}

func names(r *labels.Report) string {
	var out []string
	for i := range r.Overall {
		out = append(out, strings.TrimPrefix(r.Overall[i].Mode+"."+r.Overall[i].Backend, "."))
	}
	return orElse(strings.Join(out, ", "), "none")
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
	qa, qb := stats.ExactQuantile(sa, q), stats.ExactQuantile(sb, q)
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
				orElse(d.Mode, "all"), (d.Ratio-1)*100, (d.RLo-1)*100, (d.RHi-1)*100))
		}
	}
}

// environment lists what differs between two sessions.
func environment(a, b *Manifest, dirA, dirB string) []Difference {
	var out []Difference
	add := func(blocks bool, what, x, y string) {
		if x != y {
			out = append(out, Difference{what, x, y, blocks})
		}
	}
	num := func(v any) string { return fmt.Sprint(v) }
	add(true, "model", a.Model.Name, b.Model.Name)
	add(true, "model hash", a.Model.SHA256, b.Model.SHA256)
	add(true, "provider", a.Engine.Provider, b.Engine.Provider)
	add(true, "device", a.Engine.Device, b.Engine.Device)
	add(true, "CPU", a.Host.CPU, b.Host.CPU)
	add(true, "cores", num(a.Host.Cores), num(b.Host.Cores))
	add(true, "threads", num(a.Engine.Threads), num(b.Engine.Threads))
	add(true, "batch", num(a.Settings.Batch), num(b.Settings.Batch))
	add(true, "max_new_tokens", num(a.Settings.MaxNewTokens), num(b.Settings.MaxNewTokens))
	add(true, "eager inputs", a.Settings.EagerInputs, b.Settings.EagerInputs)
	add(true, "pairing", a.Settings.Pairing, b.Settings.Pairing)
	add(true, "rate", num(a.Settings.RatePerS), num(b.Settings.RatePerS))
	ga, gb := gpuOf(a), gpuOf(b)
	add(true, "GPU", ga.Name, gb.Name)
	add(false, "driver", ga.Driver, gb.Driver)
	add(false, "SM clock (median)", medianClock(dirA, a), medianClock(dirB, b))
	add(false, "engine", a.Engine.Name, b.Engine.Name)
	for _, k := range versionKeys(a, b) {
		add(false, "version of "+k, a.Engine.Versions[k], b.Engine.Versions[k])
	}
	add(false, "strategy", a.Settings.Strategy, b.Settings.Strategy)
	add(false, "recompile limit", num(a.Settings.RecompileLimit), num(b.Settings.RecompileLimit))
	add(false, "seed", num(a.Settings.Seed), num(b.Settings.Seed))
	add(false, "warm-ups", num(a.Settings.Warmup), num(b.Settings.Warmup))
	add(false, "host", a.Host.Name, b.Host.Name)
	add(false, "kernel", a.Host.Kernel, b.Host.Kernel)
	add(false, "tailscope", a.Program.Version+" "+a.Program.Commit, b.Program.Version+" "+b.Program.Commit)
	add(false, "state", a.State, b.State)
	slices.SortStableFunc(out, func(x, y Difference) int {
		if x.Blocks == y.Blocks {
			return 0
		} else if x.Blocks {
			return -1
		}
		return 1
	})
	return out
}

func gpuOf(m *Manifest) GPUInfo {
	if m.GPU == nil {
		return GPUInfo{}
	}
	return *m.GPU
}

func versionKeys(a, b *Manifest) []string {
	var keys []string
	for _, m := range []*Manifest{a, b} {
		for k := range m.Engine.Versions {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// medianClock is the median SM clock in the session's readings, "" without
// any; rounded to 5 % steps of itself would hide real drops, so to 15 MHz, the
// grain in which clocks are set.
func medianClock(dir string, m *Manifest) string {
	l, err := readTelemetry(dir, m)
	if err != nil {
		return ""
	}
	var v []float64
	for i := range l {
		if r := l[i].SMClockMHz; r.Err == "" {
			v = append(v, r.Value)
		}
	}
	if len(v) == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f MHz", math.Round(stats.Median(v)/15)*15)
}

// quantitiesOf names the quantities of a result: the keys of summary.json for
// each label, and for a session folder its counters, pairs and causes. What a
// folder holds is of all its rows, so with a filter on anything but the mode
// there are the quantities of the rows that were kept only.
func quantitiesOf(path string, r *labels.Report, o results.Options) (quantities, error) {
	q := quantities{}
	for i := range r.Overall {
		g := &r.Overall[i]
		q.group(g.Mode, g.Backend, g)
		q.set(g.Mode, g.Backend+".errors", float64(r.Failed[[2]string{g.Mode, g.Backend}]))
	}
	if slices.ContainsFunc(o.Where, func(f results.Filter) bool { return f.Column != "mode" }) {
		return q, nil
	}
	for mode := range q {
		if err := q.session(path, mode); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return q, nil
}

func (q quantities) set(mode, name string, v float64) {
	if q[mode] == nil {
		q[mode] = map[string]float64{}
	}
	q[mode][name] = v
}

// group adds every number of a struct's JSON form; null is NaN.
func (q quantities) group(mode, label string, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		return
	}
	var m map[string]any
	if json.Unmarshal(raw, &m) != nil {
		return
	}
	for k, x := range m {
		switch x := x.(type) {
		case float64:
			q.set(mode, label+"."+k, x)
		case nil:
			q.set(mode, label+"."+k, math.NaN())
		case bool:
			q.set(mode, label+"."+k, map[bool]float64{true: 1}[x])
		}
	}
}

// session adds what a finished folder knows beyond latencies.
func (q quantities) session(dir, mode string) error {
	if _, err := ReadManifest(dir); err != nil {
		return nil // no session folder: there are latencies only
	}
	var c CounterFile
	if err := readJSONFile(filepath.Join(dir, mode, "compiler_counters.json"), &c); err != nil {
		return err
	}
	q.group(mode, stats.Optimized.String(), &c)
	var s stats.SummaryFile
	if err := readJSONFile(filepath.Join(dir, mode, "analysis", "summary.json"), &s); err != nil {
		return err
	}
	for i := range s.Groups {
		if g := &s.Groups[i]; g.Scenario == "*" && g.Segment == "*" {
			q.group(mode, g.Lane, g)
		}
	}
	for i := range s.Pairs {
		if p := &s.Pairs[i]; p.Scenario == "*" && p.Segment == "*" {
			q.group(mode, "pair", p)
		}
	}
	for c := stats.CauseCompile; c < stats.NumCauses; c++ {
		for l := range stats.NumLanes {
			q.set(mode, fmt.Sprintf("%s.cause_%s", stats.Lane(l), c), 0)
		}
	}
	for _, x := range s.Causes {
		q.set(mode, x.Lane+".cause_"+x.Cause, float64(x.N))
	}
	return nil
}
