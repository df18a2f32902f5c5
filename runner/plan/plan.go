package plan

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
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
	Recorded   int            // forward: 1-based set of recorded inputs, 0: made up
	IDs        []int          // token ids of a text prompt
	Seed       uint64         // of the inputs
	EagerFirst bool
	Warmup     bool
	GapNs      int64   // open loop: time since the arrival before it
	rate       float64 // that it was drawn for; 0: none, or recorded
}

// Plan is the order of requests. The same configuration and seed give the
// same plan. A plan with repetitions ends; one without goes on for ever.
type Plan struct {
	cfg       *configs.Config
	Scenarios []configs.Scenario
	rng       *rand.Rand
	ahead     []passes // warm-ups, then repetitions, as far as they are left
	back      []Item   // given back, to be handed out first
	mode      string
	dims      *dimPlan
	traffic   []TrafficRow
	trafficAt int
	padTo     int // of traffic
	total     int // counted items of a plan that ends
	taken     int // of them, those that Next has handed out
}

// New makes the plan of one mode. Traffic rows, when given, take the
// place of scenarios.
func New(cfg *configs.Config, mode string, model *protocol.Model, traffic []TrafficRow) (*Plan, error) {
	p := &Plan{cfg: cfg, mode: mode, traffic: traffic,
		rng: rand.New(rand.NewPCG(cfg.Seed, hash(mode)))}
	for _, sc := range cfg.Scenarios {
		if cfg.Scenario == "" || cfg.Scenario == "*" || cfg.Scenario == sc.Name {
			p.Scenarios = append(p.Scenarios, sc)
		}
	}
	if mode == "forward" {
		d, err := newDimPlan(cfg.Dims, model)
		if err != nil {
			return nil, err
		}
		p.dims = d
		p.Scenarios = []configs.Scenario{{Name: "forward", Prompts: make([]configs.Prompt, d.points())}}
	}
	if traffic != nil && mode != "forward" {
		p.Scenarios = []configs.Scenario{trafficScenario(traffic)}
		p.padTo = PadTo(p.Scenarios[0])
	}
	if len(p.Scenarios) == 0 {
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

// GiveBack takes items that did not run: Next hands them out again, first.
func (p *Plan) GiveBack(items []Item) {
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
	sc := p.Scenarios[pick(p.rng, len(p.Scenarios), func(i int) float64 { return p.Scenarios[i].Weight })]
	return p.item(sc, pick(p.rng, len(sc.Prompts), func(i int) float64 { return sc.Prompts[i].Weight })), true
}

// Shapes returns one warm-up item for each prompt length that the plan can
// still meet, at most limit of them: what the key w compiles ahead.
func (p *Plan) Shapes(limit int) []Item {
	drawn := p.rng // the plan goes on as if nobody had asked
	p.rng = rand.New(rand.NewPCG(p.cfg.Seed, hash(p.mode+" shapes")))
	defer func() { p.rng = drawn }()
	var items []Item
	for _, sc := range p.Scenarios {
		for i, pr := range sc.Prompts {
			for n := pr.Tokens; n <= max(pr.Tokens, pr.To) && len(items) < limit; n++ {
				it := p.item(sc, i)
				it.Tokens, it.Warmup = n, true
				if p.dims != nil {
					it.Dims, it.Recorded = p.dims.at(i)
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
		NewTokens: cmp.Or(pr.NewTokens, p.cfg.MaxNewTokens), Batch: max(p.cfg.Batch, 1), Seed: p.rng.Uint64() >> 11, // exact in a double
		EagerFirst: p.rng.IntN(2) == 0}
	if pr.To > pr.Tokens {
		it.Tokens += p.rng.IntN(pr.To - pr.Tokens + 1)
	}
	if !stats.ModeOf(p.mode).Times(stats.DecodePhase) {
		it.NewTokens = 0
	}
	if p.dims != nil {
		it.Dims, it.Recorded = p.dims.at(i)
	}
	p.draw(&it)
	return it
}

// Pace makes rate the one in force, and draws the gap of an item that was drawn
// for another anew. Recorded times stay.
func (p *Plan) Pace(it *Item, rate float64) {
	if p.cfg.Arrivals == "recorded" {
		return
	}
	if p.cfg.Rate = rate; it.rate != rate {
		p.draw(it)
	}
}

func (p *Plan) draw(it *Item) { it.GapNs, it.rate = p.gap(), p.cfg.Rate }

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
	h := fnv.New64a()
	_, _ = io.WriteString(h, s) // it takes everything
	return h.Sum64()
}

func names(scs []configs.Scenario) string {
	var n []string
	for _, sc := range scs {
		n = append(n, sc.Name)
	}
	return strings.Join(n, ", ")
}
