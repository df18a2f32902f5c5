package configs

import (
	"errors"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestCountTexts: lengths take the place of texts in one configuration and not
// in its copies, and the lengths are checked as given ones are.
func TestCountTexts(t *testing.T) {
	load := func(padTo int) *Config {
		c := must.Get(Load("default"))(t)
		c.Scenarios = []Scenario{{Name: "a", PadTo: padTo, Prompts: []Prompt{{Tokens: 2}, {Text: "four", NewTokens: 3}}}}
		return c
	}
	count := func(text string) (int, error) { return len(text), nil }
	c := load(0)
	point := *c
	if err := point.CountTexts(count); err != nil || point.HasTexts() || point.Scenarios[0].Prompts[1] != (Prompt{Tokens: 4, NewTokens: 3}) {
		t.Errorf("%+v, %v", point.Scenarios, err)
	}
	if !c.HasTexts() || c.Scenarios[0].Prompts[1].Text != "four" {
		t.Errorf("the other has changed: %+v", c.Scenarios)
	}
	for _, bad := range []struct {
		padTo int
		count func(string) (int, error)
		want  string
	}{
		{3, count, "scenarios[0].prompts[1]: 4 tokens are more than pad_to 3"},
		{0, func(string) (int, error) { return 0, errors.New("no file") }, "scenarios[0].prompts[1].text: no file"},
		{0, func(string) (int, error) { return maxTokens + 1, nil }, "scenarios[0].prompts[1].tokens: 1048577 is not between"},
		{0, func(string) (int, error) { return 0, nil }, "scenarios[0].prompts[1]: give tokens"},
	} {
		if err := load(bad.padTo).CountTexts(bad.count); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("want %q, got %v", bad.want, err)
		}
	}
}
