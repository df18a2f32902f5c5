package configs

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailscope/tailscope/configs/dims"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/verdict"
)

// choices are the values that a key may have.
var choices = map[string][]string{
	"engine":           {"ort", "torch", "cmd", "exec", "watch", "openai"},
	"provider":         ProviderWords(),
	"modes":            stats.ModeNames(),
	"eager_inputs":     {"same", "raw"},
	"pairing":          {"interleaved", "sequential", "concurrent"},
	"arrivals":         {"", "poisson", "constant", "recorded"},
	"compile":          {"inline", "background", "warmup"},
	"cache.policy":     {"", "limit", "evict"},
	"route":            {"", "none", "churn"},
	"capture":          {"auto", "on", "off"},
	"torch.device":     {"", "auto", "cuda", "cpu", "mps"},
	"torch.dtype":      {"", "float32", "float16", "bfloat16"},
	"torch.stance":     {"", "default", "force_eager", "eager_on_recompile", "fail_on_recompile", "eager_then_compile"},
	"strategy":         stats.LoneStrategies(), // for both phases
	"strategy prefill": stats.StrategyWords(stats.PrefillPhase, ""),
	"strategy decode":  stats.StrategyWords(stats.DecodePhase, ""),
}

// oneOf checks a value against the choices of a kind; key says where it stands.
func oneOf(kind, key, value string) *Error {
	if slices.Contains(choices[kind], value) {
		return nil
	}
	words := slices.DeleteFunc(slices.Clone(choices[kind]), func(w string) bool { return w == "" })
	return faultf(key, "%s is not one of %s%s", quote(value), strings.Join(words, ", "), hint(value, words))
}

// Validate returns nil, or every fault as a sentence, each an *Error with its
// key.
func (c *Config) Validate() error { return joined(c.faults()) }

func joined(found []*Error) error {
	errs := make([]error, len(found))
	for i, e := range found {
		errs[i] = e
	}
	return errors.Join(errs...)
}

// faults are all that is wrong with a configuration, in order.
func (c *Config) faults() (found []*Error) {
	add := func(e *Error) {
		if e != nil {
			found = append(found, e)
		}
	}
	for _, w := range []struct{ key, value string }{{"engine", c.Engine}, {"provider", c.Provider}, {"eager_inputs", c.EagerInputs},
		{"pairing", c.Pairing}, {"arrivals", c.Arrivals}, {"compile", c.Compile}, {"cache.policy", c.Cache.Policy}, {"route", c.Route},
		{"capture", c.Capture}, {"torch.device", c.Torch.Device}, {"torch.dtype", c.Torch.DType}, {"torch.stance", c.Torch.Stance}} {
		add(oneOf(w.key, w.key, w.value))
	}
	add(c.checkModes())
	add(checkStrategy(c.Strategy))
	for _, n := range c.numbers() {
		if math.IsNaN(n.v) || n.v < n.lo || n.v > n.hi {
			add(faultf(n.key, "%v is not between %v and %v", n.v, n.lo, n.hi))
		}
	}
	add(ascending("bucket_edges", c.BucketEdges))
	add(ascending("kv_edges", c.KVEdges))
	add(c.checkTexts())
	for _, f := range c.checkScenarios() {
		add(f)
	}
	return found
}

func (c *Config) checkModes() *Error {
	if len(c.Modes) == 0 {
		return faultf("modes", "name at least one of %s", strings.Join(stats.ModeNames(), ", "))
	}
	for i, m := range c.Modes {
		key := fmt.Sprintf("modes[%d]", i)
		if err := oneOf("modes", key, m); err != nil {
			return err
		}
		if slices.Contains(c.Modes[:i], m) {
			return faultf(key, "%s stands twice", m)
		}
	}
	if slices.Contains(c.Modes, "forward") && len(c.Modes) > 1 {
		return faultf("modes", "forward stands alone; the other modes are for language models")
	}
	return nil
}

func checkStrategy(s string) *Error {
	if !strings.Contains(s, "=") {
		return oneOf("strategy", "strategy", s)
	}
	for part := range strings.SplitSeq(s, ",") {
		phase, word, _ := strings.Cut(strings.TrimSpace(part), "=")
		if phase != "prefill" && phase != "decode" {
			return faultf("strategy", "%s is not a phase: want prefill=…,decode=…", quote(phase))
		}
		if err := oneOf("strategy "+phase, "strategy", word); err != nil {
			return err
		}
	}
	return nil
}

// number is a key with its bounds, inclusive.
type number struct {
	key       string
	v, lo, hi float64
}

func (c *Config) numbers() []number {
	return []number{
		{"device", float64(c.Device), 0, 1024}, {"batch", float64(c.Batch), 1, 1 << 16},
		{"max_new_tokens", float64(c.MaxNewTokens), 1, 1 << 20}, {"reps", float64(c.Reps), 0, 1e9},
		{"warmup", float64(c.Warmup), 0, 1e6}, {"recompile_limit", float64(c.RecompileLimit), 0, 1e6},
		{"threads", float64(c.Threads), 0, 1024}, {"check", c.Check, 0, 1}, {"rate", c.Rate, 0, 1e6},
	}
}

// ascending checks a list of edges; the key of the fault is the edge's.
func ascending(key string, edges []int) *Error {
	for i, e := range edges {
		if e < 1 || i > 0 && e <= edges[i-1] {
			return faultf(fmt.Sprintf("%s[%d]", key, i), "%v is not a list of ascending positive numbers", edges)
		}
	}
	return nil
}

// minGPUInterval keeps the polling out of the measurement.
const minGPUInterval = 100 * time.Millisecond

// checkTexts checks what is text with a form of its own.
func (c *Config) checkTexts() *Error {
	if _, err := c.CacheBytes(); err != nil {
		return err.(*Error)
	}
	if n, err := c.MaxDiskBytes(); err != nil {
		return err.(*Error)
	} else if n > 0 && n < MinDiskBytes {
		return faultf("max_disk", "%s holds no session: pictures and report alone take up to 3 MB; want %d MB or more", quote(c.MaxDisk), int64(MinDiskBytes/1e6))
	}
	if c.Until != "" {
		if _, err := verdict.ParseUntil(c.Until); err != nil {
			return faultf("until", "%s", strings.TrimPrefix(err.Error(), "until "))
		}
	}
	if !slices.Contains([]string{"", "auto", "all"}, c.CPUs) {
		if _, err := ParseCPUs(c.CPUs); err != nil {
			return faultf("cpus", "%v, nor auto or all", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Dims)) {
		if _, err := dims.ParseSpec(c.Dims[name]); err != nil {
			return faultf("dims."+name, "%v", err)
		}
	}
	if iv := c.GPUInterval.D(); iv != 0 && iv < minGPUInterval {
		return faultf("gpu_interval", "%v is too short: want %v or more, or 0 for no readings", c.GPUInterval, minGPUInterval)
	}
	if c.Engine == "cmd" && strings.TrimSpace(c.EngineCmd) == "" {
		return faultf("engine_cmd", "engine cmd needs the command line of an engine")
	}
	if c.Engine == "ort" && c.Model == "" {
		return faultf("model", "name a model: builtin:NAME, a file or a folder")
	}
	if c.Profile < 0 {
		return faultf("profile", "%d is negative", c.Profile)
	}
	if len(c.Sweep) > 0 && len(c.Sweeps) > 0 {
		return faultf("sweeps", "there is a sweep as well: put it among them")
	}
	if err := c.checkSweep("sweep.", c.Sweep); err != nil {
		return err
	}
	for i, s := range c.Sweeps {
		at := fmt.Sprintf("sweeps[%d].", i)
		if s.Name == "" || len(s.Over) == 0 {
			return faultf(at+"over", "a sweep wants a name and keys to run over")
		}
		if err := c.checkSweep(at+"over.", s.Over); err != nil {
			return err
		}
	}
	return nil
}

// checkSweep checks the keys of one sweep, which stands at a place in the file.
func (c *Config) checkSweep(at string, over map[string][]any) *Error {
	for _, k := range slices.Sorted(maps.Keys(over)) {
		if err := c.checkSwept(at, k, over[k]); err != nil {
			return err
		}
	}
	return nil
}

// checkSwept sets each swept value on a copy.
func (c *Config) checkSwept(at, key string, values []any) *Error {
	if len(values) == 0 {
		return faultf(at+key, "no values to run over")
	}
	for i, v := range values {
		trial := *c
		if err := trial.Set(key, fmt.Sprint(v)); err != nil {
			if e, ok := errors.AsType[*Error](err); ok {
				return faultf(fmt.Sprintf("%s%s[%d]", at, key, i), "%s", e.Msg)
			}
			return faultf(at+key, "%v", err)
		}
	}
	return nil
}

// CacheBytes is cache.max_bytes in bytes, 0 without a bound.
func (c *Config) CacheBytes() (int64, error) { return Bytes("cache.max_bytes", c.Cache.MaxBytes) }

// MinDiskBytes is the least max_disk: what a folder takes whatever is in it,
// and some hundred samples.
const MinDiskBytes = 4e6

// MaxDiskBytes is max_disk in bytes, 0 without a bound.
func (c *Config) MaxDiskBytes() (int64, error) { return Bytes("max_disk", c.MaxDisk) }

// units are decimal, and binary with an i.
var units = []struct {
	suffix string
	bytes  float64
}{{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1}, {"", 1}}

// Bytes reads a size such as 500MB or 2GiB, 0 for nothing; key names it in an
// error.
func Bytes(key, s string) (int64, error) {
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
		if err != nil || !(v >= 0) || v*u.bytes > math.MaxInt64/2 {
			break
		}
		return int64(v * u.bytes), nil
	}
	return 0, faultf(key, "%s is not a size such as 500MB or 2GiB", quote(s))
}
