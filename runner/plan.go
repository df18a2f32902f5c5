package runner

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/configs"
)

// Item is one planned request, before a strategy gives it a shape.
type Item struct {
	Mode       string
	Scenario   string
	Prompt     int // index in its scenario
	PadTo      int // the scenario's padded length
	Tokens     int // semantic prompt length
	NewTokens  int
	Batch      int
	Dims       map[string]int // forward
	IDs        []int          // token ids of a text prompt
	Seed       uint64         // of the inputs
	EagerFirst bool
	Warmup     bool
	GapNs      int64 // open loop: time since the arrival before it
	Rep        int   // repetition, 0-based
}

// Plan is the order of requests. The same configuration and seed give the
// same plan. A plan with repetitions ends; one without goes on for ever.
type Plan struct {
	cfg       *configs.Config
	scenarios []configs.Scenario
	rng       *rand.Rand
	ahead     []passes // warm-ups, then repetitions, as far as they are left
	back      []Item   // given back, to be handed out first
	mode      string
	dims      *dimPlan
	traffic   []TrafficRow
	trafficAt int
	total     int // counted items of a plan that ends
	taken     int // of them, those that Next has handed out
}

// NewPlan makes the plan of one mode. Traffic rows, when given, take the
// place of scenarios.
func NewPlan(cfg *configs.Config, mode string, symbolic []string, traffic []TrafficRow) (*Plan, error) {
	p := &Plan{cfg: cfg, mode: mode, traffic: traffic,
		rng: rand.New(rand.NewPCG(cfg.Seed, hash(mode)))}
	for _, sc := range cfg.Scenarios {
		if cfg.Scenario == "" || cfg.Scenario == "*" || cfg.Scenario == sc.Name {
			p.scenarios = append(p.scenarios, sc)
		}
	}
	if mode == "forward" {
		d, err := newDimPlan(cfg.Dims, symbolic)
		if err != nil {
			return nil, err
		}
		p.dims = d
		p.scenarios = []configs.Scenario{{Name: "forward", Prompts: make([]configs.Prompt, d.points())}}
	}
	if traffic != nil && mode != "forward" {
		p.scenarios = []configs.Scenario{trafficScenario(traffic)}
	}
	if len(p.scenarios) == 0 {
		return nil, fmt.Errorf("no scenario named %q: the configuration has %s", cfg.Scenario, names(cfg.Scenarios))
	}
	p.addPasses(cfg.Warmup, true)
	if traffic == nil {
		p.addPasses(cfg.Reps, false)
	} else {
		p.total = len(traffic)
	}
	return p, nil
}

// Total is the number of counted requests of a plan that ends, 0 for one that
// goes on for ever.
func (p *Plan) Total() int { return p.total }

// Taken is the number of counted requests that Next has handed out.
func (p *Plan) Taken() int { return p.taken }

// giveBack takes items that did not run: Next hands them out again, first.
func (p *Plan) giveBack(items []Item) {
	p.back = append(items, p.back...)
	for i := range items {
		if !items[i].Warmup {
			p.taken--
		}
	}
}

// Next returns the next item, or false at the end of the plan.
func (p *Plan) Next() (Item, bool) {
	if it, ok := p.planned(); ok {
		if !it.Warmup {
			p.taken++
		}
		return it, true
	}
	if p.traffic != nil {
		it, ok := p.nextTraffic()
		if ok {
			p.taken++
		}
		return it, ok
	}
	if p.cfg.Reps > 0 {
		return Item{}, false
	}
	sc := p.scenarios[pick(p.rng, len(p.scenarios), func(i int) float64 { return p.scenarios[i].Weight })]
	return p.item(sc, pick(p.rng, len(sc.Prompts), func(i int) float64 { return sc.Prompts[i].Weight })), true
}

// Shapes returns one warm-up item for each prompt length that the plan can
// still meet, at most limit of them: what the key w compiles ahead.
func (p *Plan) Shapes(limit int) []Item {
	drawn := p.rng // the plan goes on as if nobody had asked
	p.rng = rand.New(rand.NewPCG(p.cfg.Seed, hash(p.mode+" shapes")))
	defer func() { p.rng = drawn }()
	var items []Item
	for _, sc := range p.scenarios {
		for i, pr := range sc.Prompts {
			for n := pr.Tokens; n <= max(pr.Tokens, pr.To) && len(items) < limit; n++ {
				it := p.item(sc, i)
				it.Tokens, it.Warmup = n, true
				if p.dims != nil {
					it.Dims = p.dims.at(i)
				}
				items = append(items, it)
			}
		}
	}
	return items
}

// item draws the random parts of one request.
func (p *Plan) item(sc configs.Scenario, i int) Item {
	pr := sc.Prompts[i]
	it := Item{Mode: p.mode, Scenario: sc.Name, Prompt: i, PadTo: PadTo(sc), Tokens: pr.Tokens,
		NewTokens: pr.NewTokens, Batch: max(p.cfg.Batch, 1), Seed: p.rng.Uint64() >> 11, // exact in a double
		EagerFirst: p.rng.IntN(2) == 0}
	if pr.To > pr.Tokens {
		it.Tokens += p.rng.IntN(pr.To - pr.Tokens + 1)
	}
	if it.NewTokens == 0 {
		it.NewTokens = p.cfg.MaxNewTokens
	}
	if p.mode == "prefill" || p.mode == "forward" {
		it.NewTokens = 0
	}
	if p.dims != nil {
		it.Dims = p.dims.at(i)
	}
	it.GapNs = p.gap()
	return it
}

// gap draws the time to the next arrival of an open loop, in nanoseconds.
func (p *Plan) gap() int64 {
	switch {
	case p.cfg.Rate <= 0:
		return 0
	case p.cfg.Arrivals == "constant":
		return int64(1e9 / p.cfg.Rate)
	}
	return int64(p.rng.ExpFloat64() / p.cfg.Rate * 1e9)
}

// pick draws an index with the given weights; a weight of 0 counts as 1.
func pick(r *rand.Rand, n int, weight func(int) float64) int {
	w := func(i int) float64 {
		if v := weight(i); v > 0 {
			return v
		}
		return 1
	}
	sum := 0.0
	for i := range n {
		sum += w(i)
	}
	x := r.Float64() * sum
	for i := range n {
		if x -= w(i); x < 0 {
			return i
		}
	}
	return n - 1
}

// hash is FNV-1a, so that each mode draws its own stream.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func names(scs []configs.Scenario) string {
	var n []string
	for _, sc := range scs {
		n = append(n, sc.Name)
	}
	return strings.Join(n, ", ")
}

// dimPlan enumerates the values of symbolic dimensions in mixed radix.
type dimPlan struct {
	names  []string
	values [][]int
}

// newDimPlan reads "name=1,2,4" and "name=1..64". A dimension without values
// varies over 1, 2, 4, 8.
func newDimPlan(spec map[string]string, symbolic []string) (*dimPlan, error) {
	d := &dimPlan{}
	known := map[string]bool{}
	for _, name := range symbolic {
		known[name] = true
		vals := []int{1, 2, 4, 8}
		if s, ok := spec[name]; ok {
			v, err := ParseDim(s)
			if err != nil {
				return nil, fmt.Errorf("dimension %s: %w", name, err)
			}
			vals = v
		}
		d.names, d.values = append(d.names, name), append(d.values, vals)
	}
	for name := range spec {
		if !known[name] && len(symbolic) > 0 {
			return nil, fmt.Errorf("the model has no symbolic dimension %q: it has %s", name, strings.Join(symbolic, ", "))
		}
	}
	return d, nil
}

// ParseDim reads the values of a dimension: "1,2,4", "1..64" or both mixed.
func ParseDim(s string) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(s, ",") {
		lo, hi, ranged := strings.Cut(strings.TrimSpace(part), "..")
		a, err := strconv.Atoi(lo)
		b := a
		if err == nil && ranged {
			b, err = strconv.Atoi(hi)
		}
		if err != nil || a < 1 || b < a || b-a > 1<<16 {
			return nil, fmt.Errorf("%q is not a list of positive numbers or a range like 1..64", s)
		}
		for v := a; v <= b; v++ {
			out = append(out, v)
		}
	}
	return out, nil
}

func (d *dimPlan) points() int {
	n := 1
	for _, v := range d.values {
		n = int(math.Min(float64(n)*float64(len(v)), 1<<16))
	}
	return n
}

func (d *dimPlan) at(i int) map[string]int {
	m := make(map[string]int, len(d.names))
	for k, v := range d.values {
		m[d.names[k]] = v[i%len(v)]
		i /= len(v)
	}
	return m
}
