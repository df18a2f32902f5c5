package configs

import (
	"fmt"
	"slices"
	"strings"
)

// checkScenarios returns every fault of the scenarios and their prompts.
func (c *Config) checkScenarios() (out []*Error) {
	if len(c.Scenarios) == 0 && !slices.Contains(c.Modes, "forward") && c.Traffic == "" {
		return []*Error{faultf("scenarios", "there is no prompt to run")}
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

func (sc Scenario) check(key string, known []string) (out []*Error) {
	switch {
	case sc.Name == "" || sc.Name == "*" || strings.ContainsAny(sc.Name, "/\\\x00") || strings.HasPrefix(sc.Name, ".") || len(sc.Name) > 100:
		return []*Error{faultf(key+".name", "%s cannot be a scenario's name: it names a folder", quote(sc.Name))}
	case slices.Contains(known, sc.Name):
		return []*Error{faultf(key+".name", "%s stands twice", sc.Name)}
	case len(sc.Prompts) == 0:
		return []*Error{faultf(key+".prompts", "%s has no prompts", sc.Name)}
	case !(sc.Weight >= 0):
		return []*Error{faultf(key+".weight", "%v is negative", sc.Weight)}
	case sc.PadTo < 0:
		return []*Error{faultf(key+".pad_to", "%d is negative", sc.PadTo)}
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
	case p.Text != "" && (p.Tokens != 0 || p.To != 0):
		return faultf(key, "give text or tokens, not both")
	case p.Tokens == 0 && p.Text == "":
		return faultf(key, "give tokens: the prompt's length, or text: it is counted with the tokenizer.json beside the model")
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

// HasTexts reports whether a prompt is a text, whose tokens are to be counted.
func (c *Config) HasTexts() bool {
	for _, sc := range c.Scenarios {
		if slices.ContainsFunc(sc.Prompts, func(p Prompt) bool { return p.Text != "" }) {
			return true
		}
	}
	return false
}

// CountTexts puts lengths in the place of texts, as count says them. Prompts
// shared with copies of c stay as they are. The error is the first text's that
// cannot be counted, or what Validate says of the lengths.
func (c *Config) CountTexts(count func(text string) (tokens int, err error)) error {
	scenarios := slices.Clone(c.Scenarios)
	for i := range scenarios {
		sc := &scenarios[i]
		sc.Prompts = slices.Clone(sc.Prompts)
		for j := range sc.Prompts {
			p := &sc.Prompts[j]
			if p.Text == "" {
				continue
			}
			n, err := count(p.Text)
			if err != nil {
				return faultf(fmt.Sprintf("scenarios[%d].prompts[%d].text", i, j), "%v", err)
			}
			p.Tokens, p.Text = n, ""
		}
	}
	c.Scenarios = scenarios
	return c.Validate()
}

// OpenLoop reports whether requests are due at arrivals of their own, however
// long the one before takes.
func (c *Config) OpenLoop() bool { return c.Rate > 0 || c.Arrivals == "recorded" }
