package compare

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/foreign"
)

// sameElsewhere are keys of the configuration that the manifest's part of the
// comparison covers, or that decide how long a session is and where it lies.
var sameElsewhere = []string{"name", "extends", "out", "max_disk", "duration", "until", "reps", "sweep", "gpu_interval", "noise", "modes", "engine",
	"provider", "model", "strategy", "eager_inputs", "batch", "max_new_tokens", "pairing", "rate", "recompile_limit", "seed", "warmup", "threads",
	"scenarios", "scenario"}

// otherWork are keys that make the requests, or the second lane, another thing.
var otherWork = []string{"dims", "traffic", "arrivals", "aa"}

// configuration lists what the effective configurations of two sessions do not
// have in common: other work makes a verdict meaningless, other settings are
// what one compares.
func (c *Comparison) configuration(x, y *session, where []foreign.Filter) []Difference {
	a, erra := readConfig(x.s)
	b, errb := readConfig(y.s)
	for i, err := range []error{erra, errb} {
		if err != nil {
			c.Notes = append(c.Notes, fmt.Sprintf("%s: its configuration cannot be read (%v): other prompts or options would not be seen.", "AB"[i:i+1], err))
		}
	}
	if erra != nil || errb != nil {
		return nil
	}
	var out []Difference
	p, q := prompts(a, where), prompts(b, where)
	if x, y := without(p, q), without(q, p); len(x)+len(y) > 0 {
		out = append(out, Difference{"scenarios", few(x), few(y), true})
	}
	ka, kb := keys(a), keys(b)
	all := maps.Clone(ka)
	maps.Copy(all, kb)
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if slices.Contains(sameElsewhere, k) || reflect.DeepEqual(ka[k], kb[k]) {
			continue
		}
		out = append(out, Difference{k, word(ka[k]), word(kb[k]), slices.Contains(otherWork, k)})
	}
	return out
}

func readConfig(s *folder.Session) (*configs.Config, error) {
	b, err := s.Config()
	if err != nil {
		return nil, err
	}
	var c configs.Config
	return &c, configs.Read(b, &c)
}

// keys is the configuration by the names of its keys; what is not set is absent.
func keys(c *configs.Config) map[string]any {
	out := map[string]any{}
	if b, err := json.Marshal(c); err == nil {
		_ = json.Unmarshal(b, &out) // what was just written
	}
	return out
}

// word prints a value on a line, "none" for one that is not set.
func word(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil || v == nil {
		return "none"
	}
	return string(b)
}

// without are the texts that others lacks.
func without(texts, others []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(t string) bool { return slices.Contains(others, t) })
}

// few joins texts for a line of a table.
func few(texts []string) string {
	const most = 160
	s := cmp.Or(strings.Join(texts, "; "), "no other")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + " …"
	}
	return s
}

// prompts describes the scenarios that a session draws requests from, of them
// those that a filter keeps. Equal texts are equal work.
func prompts(c *configs.Config, where []foreign.Filter) []string {
	var out []string
	for _, s := range c.Scenarios {
		if c.Traffic != "" || c.Scenario != "" && s.Name != c.Scenario || !keeps(where, s.Name) {
			continue
		}
		text := s.Name
		if len(c.Scenarios) > 1 && s.Weight > 0 && s.Weight != 1 {
			text += fmt.Sprintf(" (weight %g)", s.Weight)
		}
		var lengths []string
		for _, p := range s.Prompts {
			l := fmt.Sprint(p.Tokens)
			if p.To > 0 {
				l += fmt.Sprintf("–%d", p.To)
			}
			if p.NewTokens > 0 {
				l += fmt.Sprintf("+%d", p.NewTokens)
			}
			if p.Weight > 0 && p.Weight != 1 {
				l += fmt.Sprintf("×%g", p.Weight)
			}
			lengths = append(lengths, l)
		}
		if s.PadTo > 0 {
			lengths = append(lengths, fmt.Sprintf("padded to %d", s.PadTo))
		}
		out = append(out, text+" "+strings.Join(lengths, " "))
	}
	return out
}

// keeps says whether the filters let a scenario's rows through.
func keeps(where []foreign.Filter, scenario string) bool {
	for _, f := range where {
		if f.Column == "scenario" && (f.Value == scenario) == f.Not {
			return false
		}
	}
	return true
}
