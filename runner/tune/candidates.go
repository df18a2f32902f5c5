package tune

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/advisor"
)

// candidate is what a race is about: a strategy, in a worker of a setup.
type candidate struct {
	name     string
	lane     stats.Lane
	strategy plan.Strategy
	edges    []int          // of bucketed; nil: powers of two
	setup    int            // index of its worker
	firsts   int            // executables that the horizon needs
	makers   []runner.First // requests that make them, those first whose shapes most others have
	lacks    string
	late     bool // it makes an executable for each length: the cost of one is to be known before
}

// words are the strategies of each mode, the one that compiles nothing first.
// It is the eager lane, which everything is held against.
var words = map[string][]string{
	"prefill":   {"eager", "variable", "padded", "bucketed", "chunked", "dynamic"},
	"kv_decode": {"eager", "variable", "static-cache", "kv-bucketed", "dynamic"},
	"forward":   {"eager", "variable", "dynamic"},
}

// traffic makes the plan of a mode from its beginning.
func (t *tuner) traffic(mode string, seed uint64) (*plan.Plan, error) {
	c := *t.cfg
	c.Reps, c.Warmup, c.Seed = 0, 0, seed
	return plan.New(&c, mode, &t.first.ready.Loaded.Model, t.o.Traffic)
}

// strategies are the candidates of a mode that one worker can switch between.
func (t *tuner) strategies(mode string) ([]candidate, error) {
	var all []candidate
	for _, w := range words[mode] {
		st, err := plan.ParseStrategy(w)
		if err != nil {
			return nil, err
		}
		c := candidate{name: w, strategy: st, lane: stats.Optimized, late: w == "variable", lacks: t.first.ready.Lacks(mode, st)}
		if w == "eager" {
			c.lane = stats.Eager
		}
		all = append(all, c)
		if w == "bucketed" && t.cfg.BucketEdges == nil {
			edges, err := t.edges(mode)
			if err != nil {
				return nil, err
			}
			if len(edges) > 1 {
				c.name, c.edges = "bucketed at "+strings.Trim(strings.Join(strings.Fields(fmt.Sprint(edges)), ","), "[]"), edges
				all = append(all, c)
			}
		}
	}
	for i := range all {
		if all[i].lane == stats.Eager || all[i].lacks != "" {
			continue
		}
		if err := t.count(mode, &all[i]); err != nil {
			return nil, err
		}
		all[i].late = all[i].late && (mode == "kv_decode" || all[i].firsts > fewShapes)
	}
	return all, nil
}

// fewShapes is how many executables are no reason to wait.
const fewShapes = 16

// count says how many executables a candidate needs over the horizon.
func (t *tuner) count(mode string, c *candidate) error {
	p, err := t.traffic(mode, t.cfg.Seed+1)
	if err != nil {
		return err
	}
	cfg := *t.cfg
	if c.edges != nil {
		cfg.BucketEdges = c.edges
	}
	c.makers = runner.Firsts(&cfg, p, c.strategy, t.o.Horizon)
	c.makers = c.makers[:min(len(c.makers), cfg.Limit())]
	c.firsts = len(c.makers)
	return nil
}

// maxEdges is how many edges are planned from the lengths of the traffic.
const maxEdges = 4

// edges are those that pad the traffic's prompts least.
func (t *tuner) edges(mode string) ([]int, error) {
	p, err := t.traffic(mode, t.cfg.Seed+2)
	if err != nil {
		return nil, err
	}
	counts := map[int]int{}
	for range t.o.Horizon {
		it, ok := p.Next()
		if !ok {
			break
		}
		counts[it.Tokens]++
	}
	var lengths []advisor.LengthCount
	for tokens, n := range counts {
		lengths = append(lengths, advisor.LengthCount{Tokens: tokens, N: n})
	}
	if len(lengths) <= 2 {
		return nil, nil
	}
	unknown := math.NaN()
	plans := advisor.Advise(lengths, advisor.CostModel{BaseNs: unknown, PerTokenNs: unknown, CompileNs: unknown}, maxEdges)
	if len(plans) == 0 {
		return nil, nil
	}
	return plans[len(plans)-1].Edges, nil
}

// bundle is a setup of several keys: those given and one more.
func bundle(keys map[string]string, key, value string) setup {
	s := setup{Set: maps.Clone(keys)}
	s.Set[key] = value
	var words []string
	for _, k := range slices.Sorted(maps.Keys(s.Set)) {
		words = append(words, k+"="+s.Set[k])
	}
	s.Name = strings.Join(words, " ")
	return s
}

// A cache that grows by blocks makes an executable a length: worth it where requests
// are long, by few blocks.
const worthBlocks, blocksOfLongest = 512, 4

// longest is how many tokens a request of the configuration comes to at most.
func longest(cfg *configs.Config) (n int) {
	for _, sc := range cfg.Scenarios {
		n = max(n, plan.PadTo(sc)+cfg.MaxNewTokens)
	}
	return n
}

// Keys of options that only some strategies have a use for.
const (
	backendKey = "torch.backend"
	blockKey   = "options.cache_block"
)

// unfit says why an option changes nothing for the better under a strategy; "" it may.
func (s setup) unfit(mode string, st plan.Strategy) string {
	switch {
	case s.Set[backendKey] == "aoti" && st.Prefill == "dynamic":
		return "a package is made for each shape, and one executable for all was picked"
	case s.Set[blockKey] != "" && (st.Decode != string(stats.StaticCache) || !stats.ModeOf(mode).Times(stats.DecodePhase)):
		return "no timed decode over static-cache was picked, whose cache it is"
	}
	return ""
}

// setups are the options that need a worker of their own, those worth most first.
func setups(cfg *configs.Config, provider string, threads int) (all []setup) {
	add := func(key string, values ...string) {
		for _, v := range values {
			all = append(all, setup{key + "=" + v, map[string]string{key: v}})
		}
	}
	switch {
	case cfg.Engine == "torch":
		own := map[string]string{"options.step_graph": "own", "options.optimized_attn": "grouped"}
		if provider == "cuda" {
			all = append(all, bundle(own, "options.merge", "true"), bundle(own, "options.compile.coordinate_descent_tuning", "true"))
		}
		if n := longest(cfg); n > worthBlocks {
			add(blockKey, fmt.Sprint(plan.NextEdge(nil, n)/blocksOfLongest))
		}
		if slices.Contains(cfg.Modes, "forward") {
			add(backendKey, "aoti")
		}
		add("torch.mode", slices.DeleteFunc([]string{"max-autotune", "default"}, func(m string) bool { return m == cfg.Torch.Mode })...)
	case provider == "cpu":
		for n := 1; n < threads; n *= 2 {
			add("threads", fmt.Sprint(n))
		}
	case provider == "cuda" || provider == "webgpu":
		if cfg.Capture == "auto" {
			add("capture", "off")
		}
		if provider == "cuda" {
			add("options.cuda.arena_strategy", "kSameAsRequested")
		}
	}
	return all
}
