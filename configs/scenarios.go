package configs

import (
	"fmt"
	"slices"
	"strings"
)

// checkScenarios returns every fault of the scenarios and their prompts.
func (c *Config) checkScenarios() (out faults) {
	if len(c.Scenarios) == 0 && !slices.Contains(c.Modes, "forward") && c.Traffic == "" {
		return faults{faultf("scenarios", "there is no prompt to run")}
	}
	var known []string
	for i, sc := range c.Scenarios {
		out = append(out, sc.check(fmt.Sprintf("scenarios[%d]", i), known)...)
		known = append(known, sc.Name)
	}
	if c.Scenario != "" && c.Scenario != "*" && !slices.Contains(known, c.Scenario) {
		out = append(out, faultf("scenario", "there is none called %s: the configuration has %s%s", quote(c.Scenario), strings.Join(known, ", "), hint(c.Scenario, known)))
	}
	return out
}

func (sc Scenario) check(key string, known []string) (out faults) {
	switch {
	case sc.Name == "" || sc.Name == "*" || strings.ContainsAny(sc.Name, "/\\\x00") || strings.HasPrefix(sc.Name, ".") || len(sc.Name) > 100:
		return faults{faultf(key+".name", "%s cannot be a scenario's name: it names a folder", quote(sc.Name))}
	case slices.Contains(known, sc.Name):
		return faults{faultf(key+".name", "%s stands twice", sc.Name)}
	case len(sc.Prompts) == 0:
		return faults{faultf(key+".prompts", "%s has no prompts", sc.Name)}
	case !(sc.Weight >= 0):
		return faults{faultf(key+".weight", "%v is negative", sc.Weight)}
	case sc.PadTo < 0:
		return faults{faultf(key+".pad_to", "%d is negative", sc.PadTo)}
	}
	for j, p := range sc.Prompts {
		at := fmt.Sprintf("%s.prompts[%d]", key, j)
		if e := p.check(at); e != nil {
			out = append(out, e)
		} else if n := max(p.Tokens, p.To); sc.PadTo > 0 && n > sc.PadTo {
			out = append(out, faultf(at, "%d tokens are more than pad_to %d", n, sc.PadTo))
		}
	}
	return out
}

// maxTokens bounds a prompt's length.
const maxTokens = 1 << 20

func (p Prompt) check(key string) *Error {
	switch {
	case p.Text != "":
		return faultf(key+".text", "text cannot be run: there is no tokenizer in this program; give the prompt's length as tokens: N")
	case p.Tokens == 0:
		return faultf(key, "give tokens: the prompt's length")
	case p.Tokens < 0 || p.Tokens > maxTokens || p.To > maxTokens:
		return faultf(key+".tokens", "%d is not between 1 and %d", max(p.Tokens, p.To), maxTokens)
	case p.To != 0 && p.To < p.Tokens:
		return faultf(key+".to", "%d is less than tokens: %d", p.To, p.Tokens)
	case !(p.Weight >= 0):
		return faultf(key+".weight", "%v is negative", p.Weight)
	case p.NewTokens < 0 || p.NewTokens > maxTokens:
		return faultf(key+".new_tokens", "%d is not between 0 and %d", p.NewTokens, maxTokens)
	}
	return nil
}

// OpenLoop reports whether requests are due at arrivals of their own, however
// long the one before takes.
func (c *Config) OpenLoop() bool { return c.Rate > 0 || c.Arrivals == "recorded" }
