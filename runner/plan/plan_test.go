package plan

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
)

func planConfig(reps, warmup int) *configs.Config {
	return &configs.Config{Seed: 7, Reps: reps, Warmup: warmup, Batch: 1, MaxNewTokens: 8, Scenarios: []configs.Scenario{
		{Name: "short", Prompts: []configs.Prompt{{Tokens: 5}, {Tokens: 9}}},
		{Name: "rare", Weight: 3, Prompts: []configs.Prompt{{Tokens: 20, To: 40, Weight: 2}, {Tokens: 64}}},
	}}
}

func take(t *testing.T, p *Plan, n int) []Item {
	t.Helper()
	var items []Item
	for range n {
		it, ok := p.Next()
		if !ok {
			break
		}
		items = append(items, it)
	}
	return items
}

func mustPlan(t *testing.T, cfg *configs.Config, mode string) *Plan {
	t.Helper()
	return must.Get(New(cfg, mode, &protocol.Model{}, nil))(t)
}

func TestSameSeedSamePlan(t *testing.T) {
	a := take(t, mustPlan(t, planConfig(0, 1), "prefill"), 500)
	b := take(t, mustPlan(t, planConfig(0, 1), "prefill"), 500)
	if !reflect.DeepEqual(a, b) {
		t.Fatal("two plans of one seed differ")
	}
	cfg := planConfig(0, 1)
	cfg.Seed = 8
	if reflect.DeepEqual(a, take(t, mustPlan(t, cfg, "prefill"), 500)) {
		t.Fatal("the seed changes nothing")
	}
}

// The draws of a seed stay what they were: sessions recorded with it compare.
func TestDrawsOfASeedStay(t *testing.T) {
	for _, c := range []struct {
		reps int
		want uint64
	}{{5, 5074378111465253552}, {0, 18343164042600149387}} {
		h := uint64(0)
		for _, it := range take(t, mustPlan(t, planConfig(c.reps, 2), "prefill"), 300) {
			h = h*31 + it.Seed + uint64(it.Tokens)
		}
		if h != c.want {
			t.Errorf("%d repetitions: %d, want %d", c.reps, h, c.want)
		}
	}
}

// A plan of many repetitions is drawn as it goes.
func TestLongPlanTakesNoMemory(t *testing.T) {
	cfg := planConfig(1<<40, 1)
	if n := testing.AllocsPerRun(3, func() { take(t, mustPlan(t, cfg, "prefill"), 1) }); n > 100 {
		t.Errorf("%g allocations for the first item", n)
	}
	if total := mustPlan(t, cfg, "prefill").Total(); total != 4<<40 {
		t.Errorf("total %d", total)
	}
}

func TestRepetitionsCountEachPrompt(t *testing.T) {
	p := mustPlan(t, planConfig(30, 3), "prefill")
	items := take(t, p, 1000)
	if want := (30 + 3) * 4; len(items) != want || p.Total() != 120 {
		t.Fatalf("%d items, total %d; want %d and 120", len(items), p.Total(), want)
	}
	counted, first := map[[2]any]int{}, 0
	for i, it := range items {
		if it.Warmup != (i < 12) {
			t.Fatalf("item %d: warm-up %v; warm-ups come first", i, it.Warmup)
		}
		if it.EagerFirst {
			first++
		}
		if !it.Warmup {
			counted[[2]any{it.Scenario, it.Prompt}]++
		}
		if it.NewTokens != 0 {
			t.Fatalf("item %d: prefill with %d new tokens", i, it.NewTokens)
		}
	}
	for k, n := range counted {
		if n != 30 {
			t.Fatalf("prompt %v has %d repetitions, want 30", k, n)
		}
	}
	if first < 40 || first > 92 {
		t.Fatalf("eager runs first in %d of 132: the order is not random", first)
	}
}

func TestLengthsStayInsideTheirScenario(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := planConfig(0, 0)
		cfg.Seed = rapid.Uint64().Draw(rt, "seed")
		p := must.Get(New(cfg, "prefill", &protocol.Model{}, nil))(rt)
		for range 50 {
			it, ok := p.Next()
			if !ok {
				rt.Fatal("a plan without repetitions ended")
			}
			if it.Tokens < 1 || it.Tokens > it.PadTo {
				rt.Fatalf("%d tokens, padded to %d", it.Tokens, it.PadTo)
			}
			if it.Seed > 1<<53 {
				rt.Fatalf("seed %d does not survive a double", it.Seed)
			}
		}
	})
}

func TestUnknownScenarioNamesWhatThereIs(t *testing.T) {
	cfg := planConfig(1, 0)
	cfg.Scenario = "shrot"
	_, err := New(cfg, "prefill", &protocol.Model{}, nil)
	if err == nil || err.Error() != `no scenario named "shrot": the configuration has short, rare` {
		t.Fatalf("got %v", err)
	}
}

func TestForwardEnumeratesDimensions(t *testing.T) {
	cfg := planConfig(1, 0)
	cfg.Dims = map[string]string{"batch": "1,2", "seq": "3..5"}
	p := must.Get(New(cfg, "forward", &protocol.Model{Dims: []string{"batch", "seq"}}, nil))(t)
	seen := map[[2]int]bool{}
	for _, it := range take(t, p, 100) {
		seen[[2]int{it.Dims["batch"], it.Dims["seq"]}] = true
	}
	if len(seen) != 6 {
		t.Fatalf("%d points of 6: %v", len(seen), seen)
	}
	cfg.Dims["height"] = "1"
	if _, err := New(cfg, "forward", &protocol.Model{Dims: []string{"batch", "seq"}}, nil); err == nil {
		t.Fatal("a dimension that the model lacks was accepted")
	}
}

func TestShapesAreTheLengthsThePlanCanMeet(t *testing.T) {
	got := map[int]bool{}
	for _, it := range mustPlan(t, planConfig(0, 0), "prefill").Shapes(1000) {
		if !it.Warmup {
			t.Fatal("a shape to warm up counts")
		}
		got[it.Tokens] = true
	}
	if len(got) != 2+21+1 {
		t.Fatalf("%d lengths, want 24", len(got))
	}
}
