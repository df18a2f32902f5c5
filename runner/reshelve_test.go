package runner

import (
	"fmt"
	"testing"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/view"
)

// TestTogglesLoseNoRequestOfAPlanThatEnds toggles mode, pairing and strategy
// while a plan with repetitions runs: in the end every planned request has run
// once in each lane of its mode.
func TestTogglesLoseNoRequestOfAPlanThatEnds(t *testing.T) {
	for name, toggles := range map[string][]view.Command{
		"mode":             {{Action: view.ActMode, Arg: "kv_decode"}, {Action: view.ActMode, Arg: "prefill"}},
		"pairing":          {{Action: view.ActPairing, Arg: "sequential"}, {Action: view.ActPairing, Arg: "interleaved"}},
		"pairing and mode": {{Action: view.ActPairing, Arg: "sequential"}, {Action: view.ActMode, Arg: "kv_decode"}, {Action: view.ActPairing, Arg: "interleaved"}, {Action: view.ActMode, Arg: "prefill"}},
		"all at once":      {{Action: view.ActPairing, Arg: "sequential"}, {Action: view.ActStrategy, Arg: "padded"}, {Action: view.ActMode, Arg: "kv_decode"}, {Action: view.ActWarm}},
	} {
		for _, first := range []string{"interleaved", "sequential"} {
			t.Run(name+" from "+first, func(t *testing.T) { toggleThrough(t, first, toggles) })
		}
	}
}

func toggleThrough(t *testing.T, pairing string, toggles []view.Command) {
	const reps = 30
	res, mem := drive(t, "none", func(o *Options) {
		o.Config.Reps, o.Config.Warmup, o.Config.MaxNewTokens = reps, 1, 4
		o.Config.Pairing, o.Config.Modes = pairing, []string{"prefill", "kv_decode"}
		o.Config.Scenarios = []configs.Scenario{{Name: "a", Prompts: []configs.Prompt{{Tokens: 2000}, {Tokens: 3000}}},
			{Name: "b", Prompts: []configs.Prompt{{Tokens: 4000}}}}
	}, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		for i, c := range toggles {
			n := uint64(15 + 12*i)
			wait("samples", func(v view.View) bool { return v.Self.Samples > n })
			cmd <- c
		}
	})
	if res.Err != nil || res.Reason != "repetitions" {
		t.Fatalf("%+v", res)
	}
	ran, lanes := map[string]int{}, map[uint64]int{}
	for _, s := range mem.samples {
		if s.Warmup {
			continue
		}
		ran[fmt.Sprintf("%s %s %d %s", s.Mode, s.Scenario, s.Prompt, s.Lane)]++
		lanes[s.Request] |= 1 << s.Lane
	}
	if len(ran) != 2*3*2 {
		t.Errorf("%d kinds of requests ran, want 12", len(ran))
	}
	for k, n := range ran {
		if n != reps {
			t.Errorf("%s: %d of %d ran", k, n, reps)
		}
	}
	for id, l := range lanes {
		if l != 3 {
			t.Errorf("request %d ran in one lane only", id)
		}
	}
}
