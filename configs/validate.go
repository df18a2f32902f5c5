package configs

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// choices are the values that a key may have.
var choices = map[string][]string{
	"engine":           {"ort", "torch", "cmd"},
	"provider":         {"auto", "cpu", "webgpu", "cuda", "tensorrt"},
	"modes":            {"prefill", "kv_decode", "e2e_kv", "forward"},
	"eager_inputs":     {"same", "raw"},
	"pairing":          {"interleaved", "sequential", "concurrent"},
	"arrivals":         {"", "poisson", "constant"},
	"compile":          {"inline", "background", "warmup"},
	"cache.policy":     {"", "limit", "evict"},
	"route":            {"", "none", "churn"},
	"capture":          {"auto", "on", "off"},
	"torch.device":     {"", "auto", "cuda", "cpu", "mps"},
	"torch.dtype":      {"", "float32", "float16", "bfloat16"},
	"torch.stance":     {"", "default", "force_eager", "eager_on_recompile", "fail_on_recompile", "eager_then_compile"},
	"strategy":         {"variable", "padded", "bucketed", "dynamic", "eager", "kv-bucketed", "static-cache"},
	"strategy prefill": {"variable", "padded", "bucketed", "dynamic", "eager"},
	"strategy decode":  {"variable", "padded", "bucketed", "dynamic", "eager", "kv-bucketed", "static-cache"},
}

func oneOf(key, value string) error {
	if slices.Contains(choices[key], value) {
		return nil
	}
	words := slices.DeleteFunc(slices.Clone(choices[key]), func(w string) bool { return w == "" })
	return fmt.Errorf("%s: %q is not one of %s%s", key, value, strings.Join(words, ", "), didYouMean(value, words))
}

// Validate says in a sentence what is wrong, or returns nil.
func (c *Config) Validate() error {
	var errs []error
	add := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	for key, v := range map[string]string{"engine": c.Engine, "provider": c.Provider, "eager_inputs": c.EagerInputs,
		"pairing": c.Pairing, "arrivals": c.Arrivals, "compile": c.Compile, "cache.policy": c.Cache.Policy,
		"route": c.Route, "capture": c.Capture, "torch.device": c.Torch.Device, "torch.dtype": c.Torch.DType, "torch.stance": c.Torch.Stance} {
		add(oneOf(key, v))
	}
	add(c.checkModes())
	add(checkStrategy(c.Strategy))
	add(c.checkNumbers())
	add(ascending("bucket_edges", c.BucketEdges))
	add(ascending("kv_edges", c.KVEdges))
	_, err := c.CacheBytes()
	add(err)
	_, err = c.MaxDiskBytes()
	add(err)
	add(c.checkScenarios())
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func (c *Config) checkModes() error {
	if len(c.Modes) == 0 {
		return errors.New("modes: name at least one of prefill, kv_decode, e2e_kv, forward")
	}
	for i, m := range c.Modes {
		if err := oneOf("modes", m); err != nil {
			return err
		}
		if slices.Contains(c.Modes[:i], m) {
			return fmt.Errorf("modes: %s stands twice", m)
		}
	}
	if slices.Contains(c.Modes, "forward") && len(c.Modes) > 1 {
		return errors.New("modes: forward stands alone; the other modes are for language models")
	}
	return nil
}

func checkStrategy(s string) error {
	if !strings.Contains(s, "=") {
		return oneOf("strategy", s)
	}
	for part := range strings.SplitSeq(s, ",") {
		phase, word, _ := strings.Cut(strings.TrimSpace(part), "=")
		if phase != "prefill" && phase != "decode" {
			return fmt.Errorf("strategy: %q is not a phase: want prefill=…,decode=…", phase)
		}
		if err := oneOf("strategy "+phase, word); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkNumbers() error {
	for _, n := range []struct {
		key    string
		v      float64
		lo, hi float64
	}{
		{"device", float64(c.Device), 0, 1024}, {"batch", float64(c.Batch), 1, 1 << 16},
		{"max_new_tokens", float64(c.MaxNewTokens), 1, 1 << 20}, {"reps", float64(c.Reps), 0, 1e9},
		{"warmup", float64(c.Warmup), 0, 1e6}, {"recompile_limit", float64(c.RecompileLimit), 1, 1e6},
		{"threads", float64(c.Threads), 0, 1024}, {"check", c.Check, 0, 1}, {"rate", c.Rate, 0, 1e6},
	} {
		if math.IsNaN(n.v) || n.v < n.lo || n.v > n.hi {
			return fmt.Errorf("%s: %v is not between %v and %v", n.key, n.v, n.lo, n.hi)
		}
	}
	if c.Rate > 0 && c.Arrivals == "" {
		c.Arrivals = "poisson"
	}
	return nil
}

func ascending(key string, edges []int) error {
	for i, e := range edges {
		if e < 1 || i > 0 && e <= edges[i-1] {
			return fmt.Errorf("%s: %v is not a list of ascending positive numbers", key, edges)
		}
	}
	return nil
}

func (c *Config) checkScenarios() error {
	if len(c.Scenarios) == 0 && !slices.Contains(c.Modes, "forward") && c.Traffic == "" {
		return errors.New("scenarios: there is no prompt to run")
	}
	var known []string
	for i, sc := range c.Scenarios {
		where := fmt.Sprintf("scenarios[%d]", i)
		switch {
		case sc.Name == "" || sc.Name == "*" || strings.ContainsAny(sc.Name, `/\`) || strings.HasPrefix(sc.Name, "."):
			return fmt.Errorf("%s: %q cannot be a scenario's name: it names a folder", where, sc.Name)
		case slices.Contains(known, sc.Name):
			return fmt.Errorf("%s: %s stands twice", where, sc.Name)
		case len(sc.Prompts) == 0:
			return fmt.Errorf("%s: %s has no prompts", where, sc.Name)
		case sc.Weight < 0 || math.IsNaN(sc.Weight):
			return fmt.Errorf("%s: weight %v is negative", where, sc.Weight)
		}
		known = append(known, sc.Name)
		for j, p := range sc.Prompts {
			if err := p.check(); err != nil {
				return fmt.Errorf("%s.prompts[%d]: %w", where, j, err)
			}
			if n := max(p.Tokens, p.To); sc.PadTo > 0 && n > sc.PadTo {
				return fmt.Errorf("%s.prompts[%d]: %d tokens are more than pad_to %d", where, j, n, sc.PadTo)
			}
		}
	}
	if c.Scenario != "" && c.Scenario != "*" && !slices.Contains(known, c.Scenario) {
		return fmt.Errorf("scenario: there is none called %q: the configuration has %s%s", c.Scenario, strings.Join(known, ", "), didYouMean(c.Scenario, known))
	}
	return nil
}

// maxTokens bounds a prompt's length.
const maxTokens = 1 << 20

func (p Prompt) check() error {
	switch {
	case p.Tokens == 0 && p.Text == "":
		return errors.New("give tokens or text")
	case p.Tokens < 0 || p.Tokens > maxTokens || p.To > maxTokens:
		return fmt.Errorf("%d tokens are not between 1 and %d", max(p.Tokens, p.To), maxTokens)
	case p.To != 0 && p.To < p.Tokens:
		return fmt.Errorf("to: %d is less than tokens: %d", p.To, p.Tokens)
	case p.Weight < 0 || math.IsNaN(p.Weight):
		return fmt.Errorf("weight %v is negative", p.Weight)
	case p.NewTokens < 0 || p.NewTokens > maxTokens:
		return fmt.Errorf("new_tokens: %d is not between 0 and %d", p.NewTokens, maxTokens)
	}
	return nil
}

// CacheBytes is cache.max_bytes in bytes, 0 without a bound.
func (c *Config) CacheBytes() (int64, error) { return parseBytes("cache.max_bytes", c.Cache.MaxBytes) }

// MaxDiskBytes is max_disk in bytes, 0 without a bound.
func (c *Config) MaxDiskBytes() (int64, error) { return parseBytes("max_disk", c.MaxDisk) }

// units are decimal, and binary with an i.
var units = []struct {
	suffix string
	bytes  float64
}{{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1}, {"", 1}}

func parseBytes(key, s string) (int64, error) {
	t := strings.ToLower(strings.ReplaceAll(s, " ", ""))
	if t == "" {
		return 0, nil
	}
	for _, u := range units {
		num, ok := strings.CutSuffix(t, u.suffix)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(num, 64)
		if err != nil || !(v > 0) || v*u.bytes > math.MaxInt64/2 {
			break
		}
		return int64(v * u.bytes), nil
	}
	return 0, fmt.Errorf("%s: %q is not a size such as 500MB or 2GiB", key, s)
}
