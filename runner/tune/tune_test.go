package tune

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats/race"
)

func names(r *race.Race) (out []string) {
	for _, row := range r.Standing() {
		out = append(out, row.Name)
	}
	return out
}

// TestARaceGoesOnFromItsJournal, also from one that was cut off in a line.
func TestARaceGoesOnFromItsJournal(t *testing.T) {
	dir := t.TempDir()
	cs := []race.Candidate{{Name: "eager"}, {Name: "padded"}, {Name: "lacking"}}
	begin := func() (*journal, *race.Race, error) {
		j := must.Get(openJournal(dir))(t)
		r := race.New(cs, race.Options{Objective: race.P50, Seed: 4})
		return j, r, j.replay("prefill", names(r), r)
	}
	j, r, err := begin()
	must.OK(t, err)
	step := func(j *journal, r *race.Race) {
		var block []race.Obs
		for _, i := range r.Ask() {
			block = append(block, race.Obs{Candidate: i, Ns: int64(1e6 * (3 - i))})
		}
		must.OK(t, j.add(entry{Race: "prefill", Block: block}))
		r.Tell(block)
	}
	for range 3 {
		step(j, r)
	}
	at := 2
	r.Drop(at, "a bound")
	must.OK(t, j.add(entry{Race: "prefill", Drop: &at, Why: "a bound"}))
	step(j, r)
	if _, err := j.f.WriteString(`{"race":"prefill","block":[{"c":1`); err != nil { // cut off
		t.Fatal(err)
	}
	_ = j.f.Close()

	j2, again, err := begin()
	must.OK(t, err)
	if again.Blocks() != 4 || again.Pick() != r.Pick() || again.Standing()[2].Out != "a bound" || !slices.Equal(again.Ask(), r.Ask()) {
		t.Errorf("%d blocks, pick %d: %+v", again.Blocks(), again.Pick(), again.Standing())
	}
	step(j2, again)
	_ = j2.f.Close()
	b, err := os.ReadFile(filepath.Join(dir, journalFile))
	if err != nil || strings.Count(string(b), "\n") != 7 || !strings.HasSuffix(string(b), "}\n") {
		t.Errorf("%v\n%s", err, b)
	}
	cs[1].Name = "bucketed"
	if _, _, err := begin(); err == nil || !strings.Contains(err.Error(), "give the flags that it began with") {
		t.Errorf("other candidates: %v", err)
	}
}

func TestCodeSaysWhatWasPicked(t *testing.T) {
	cfg := must.Get(configs.Load("root_cause"))(t)
	l := &protocol.Loaded{Provider: "cpu", Model: protocol.Model{Dims: []string{"batch_size", "sequence_length"}}}
	for strategy, want := range map[string][]string{
		"prefill=padded,decode=kv-bucketed": {"edges = [9, 18, 45, 74, 150]", "ORT_ENABLE_ALL", "batch_size, sequence_length", "keep the cache at one length"},
		"dynamic":                           {"CPUExecutionProvider"},
	} {
		got := code(&Result{Strategy: strategy}, cfg, l)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: no %q in\n%s", strategy, w, got)
			}
		}
	}
	cfg.Engine = "torch"
	cfg.Torch.Backend = "aoti"
	if got := code(&Result{Strategy: "variable"}, cfg, l); !strings.Contains(got, "aoti_load_package(package)") {
		t.Errorf("packages:\n%s", got)
	}
	cfg.Torch.Backend = ""
	if got := code(&Result{Strategy: "prefill=padded,decode=static-cache"}, cfg, l); !strings.Contains(got, `torch.compile(model.forward, mode="reduce-overhead", dynamic=False)`) || !strings.Contains(got, "StaticCache") {
		t.Errorf("torch:\n%s", got)
	}
}

func TestEverySetupIsAConfiguration(t *testing.T) {
	for _, engine := range []string{"ort", "torch"} {
		for _, provider := range []string{"cpu", "cuda", "webgpu"} {
			cfg := must.Get(configs.Load("default"))(t)
			cfg.Engine, cfg.Modes = engine, []string{"forward"}
			for _, s := range setups(cfg, provider, 8) {
				c, err := s.config(cfg)
				if err != nil || slices.Equal(mustYAML(t, c), mustYAML(t, cfg)) {
					t.Errorf("%s on %s: %s: %v, or it changes nothing", engine, provider, s.Name, err)
				}
			}
		}
	}
}

// TestBlocksAreRacedWhereRequestsAreLong: a cache that grows by blocks.
func TestBlocksAreRacedWhereRequestsAreLong(t *testing.T) {
	for tokens, want := range map[int]string{64: "", 800: "options.cache_block=256"} {
		cfg, err := configs.Load("root_cause") // prompts of up to 150 tokens
		must.OK(t, err)
		cfg.Engine, cfg.MaxNewTokens = "torch", tokens
		got := ""
		for _, s := range setups(cfg, "cpu", 8) {
			if strings.Contains(s.Name, "cache_block") {
				got += s.Name
			}
		}
		if got != want {
			t.Errorf("%d new tokens: %q, want %q", tokens, got, want)
		}
	}
}

func mustYAML(t *testing.T, c *configs.Config) []byte {
	t.Helper()
	return must.Get(c.YAML())(t)
}

// TestEveryWordIsAStrategy that its phase has.
func TestEveryWordIsAStrategy(t *testing.T) {
	for mode, all := range words {
		if all[0] != "eager" {
			t.Errorf("%s: the baseline comes first", mode)
		}
		for _, w := range all {
			if st, err := plan.ParseStrategy(w); err != nil || st.Label(mode) != w {
				t.Errorf("%s: %q is %v, %v", mode, w, st, err)
			}
		}
	}
}
