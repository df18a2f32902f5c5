package runner

import "github.com/tailscope/tailscope/runner/plan"

// settings are what the user's keys can change about what runs.
type settings struct {
	strategy plan.Strategy
	aa       bool   // the optimized lane is a second eager session
	scenario string // "" or "*": all
	pairing  string
}

// covers reports whether a request's scenario is switched on.
func (s settings) covers(fl *inflight) bool {
	return s.scenario == "" || s.scenario == "*" || fl.item.Scenario == s.scenario
}
