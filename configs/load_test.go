package configs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/tailscope/tailscope/internal/must"
)

func TestPresetsAreValidAndReadBack(t *testing.T) {
	want := []string{"default", "aa", "decode_sweep", "root_cause", "root_cause_dynamic", "root_cause_padded", "root_cause_padded_kv", "root_cause_prefill_only", "tr120_b"}
	if got := Presets(); !slices.Equal(got, want) {
		t.Fatalf("presets %v, want %v", got, want)
	}
	for _, name := range Presets() {
		c := must.Get(Load(name))(t)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		b := must.Get(c.YAML())(t)
		path := filepath.Join(t.TempDir(), "config.yaml")
		must.OK(t, os.WriteFile(path, b, 0o600))
		back, err := Load(path)
		if err != nil {
			t.Fatalf("%s does not read back: %v", name, err)
		}
		if back.Name = c.Name; !reflect.DeepEqual(c, back) {
			t.Errorf("%s changes when read back:\n%+v\n%+v", name, c, back)
		}
	}
}

// TestReportPresets checks what technical report 120 fixes.
func TestReportPresets(t *testing.T) {
	for name, want := range map[string]struct {
		modes    []string
		strategy string
	}{
		"root_cause":              {[]string{"prefill", "kv_decode", "e2e_kv"}, "variable"},
		"root_cause_padded":       {[]string{"prefill"}, "padded"},
		"root_cause_padded_kv":    {[]string{"prefill", "kv_decode", "e2e_kv"}, "padded"},
		"root_cause_dynamic":      {[]string{"prefill"}, "dynamic"},
		"root_cause_prefill_only": {[]string{"prefill"}, "variable"},
	} {
		c := must.Get(Load(name))(t)
		lengths := map[int]bool{}
		prompts := 0
		for _, sc := range c.Scenarios {
			for _, p := range sc.Prompts {
				lengths[p.Tokens] = true
				prompts++
			}
		}
		if !slices.Equal(c.Modes, want.modes) || c.Strategy != want.strategy || c.Model != "builtin:tiny-gpt2" || c.Reps != 30 ||
			c.Warmup != 3 || c.MaxNewTokens != 64 || c.RecompileLimit != 8 || c.EagerInputs != "same" || len(c.Scenarios) != 5 ||
			prompts != 9 || len(lengths) != 9 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	c := Default()
	if c.Reps != 0 || c.Warmup != 0 || c.Duration.D().Seconds() != 60 || c.EagerInputs != "raw" || !slices.Equal(c.Modes, []string{"prefill"}) {
		t.Errorf("default: %+v", c)
	}
}

func TestErrorsNamePlaceAndNearestWord(t *testing.T) {
	for in, want := range map[string]string{
		"seed: 3\nstratgy: padded\n":                                         "2:1: unknown key \"stratgy\"; did you mean strategy?\n     1 | seed: 3\n>    2 | stratgy: padded\n       | ^",
		"scenarios:\n  - name: a\n    promts: []":                            "3:5: unknown key \"scenarios[0].promts\"; did you mean prompts?",
		"torch:\n  backnd: inductor\n":                                       "2:3: unknown key \"torch.backnd\"; did you mean backend?",
		"Recompile-Limit: 3":                                                 "1:1: unknown key \"Recompile-Limit\"; did you mean recompile_limit?",
		"scenarios:\n  - name: a\n    prompts: [{text: hello, tokens: 3}]\n": "3:16: scenarios[0].prompts[0]: give text or tokens, not both",
		"reps: many\n":                                                       "1:7: reps: want a whole number, got the text \"many\"",
		"reps: 1.5\n":                                                        "1:7: reps: want a whole number, got \"1.5\"",
		"reps: [1]\n":                                                        "1:7: reps: want a whole number, got a list",
		"reps: 99999999999999999999\n":                                       "1:7: reps: want a whole number, got the text \"99999999999999999999\"",
		"scenarios: &a [{name: x, prompts: [{tokens: 1.5}]}]\n":              "1:45: scenarios[0].prompts[0].tokens: want a whole number",
		"sweep: {a: &a 1.5}\nreps: *a\n":                                     "2:7: reps: want a whole number, got \"1.5\"",
		"sweep: {a: &a [1.5]}\nbucket_edges: *a\n":                           "2:15: bucket_edges: want a whole number, got \"1.5\"",
		"sweep: {a: &a [1], b: &b [*a]}\n":                                   "an anchor needs a value, and no alias in it",
		"options: {x: 010}\n":                                                "1:14: options.x: put it in quotes: 010 reads as 8",
		"options: {x.y: 1.50}\n":                                             "1:16: options.x.y: put it in quotes: 1.50 reads as 1.5",
		"1: 2\n":                                                             "a key must be a word: put \"1\" in quotes",
		"dims: 3\n":                                                          "1:7: dims: want keys with values, got \"3\"",
		"seed: -1\n":                                                         "1:7: seed: want a whole number, 0 or more, got \"-1\"",
		"aa: yes\n":                                                          "1:5: aa: want true or false",
		"modes: prefill\n":                                                   "1:8: modes: want a list such as [a, b], got the text \"prefill\"",
		"torch: cuda\n":                                                      "1:8: torch: want keys with values, got the text \"cuda\"",
		"seed: 1\nseed: 2\n":                                                 "2:1: seed: given twice",
		"seed: 1\n---\nseed: 2\n":                                            "3:1: a second document",
		"seed: [1\n":                                                         "not YAML: ",
		"just words\n":                                                       "1:1: want keys with values, got the text \"just words\"",
		"strategy: paded\n":                                                  "1:11: strategy: \"paded\" is not one of variable, padded, bucketed, dynamic, eager, kv-bucketed, static-cache, chunked; did you mean padded?",
		"strategy: prefill=padded,decode=egar\n":                             "1:11: strategy: \"egar\" is not one of",
		"strategy: prefil=padded\n":                                          "1:11: strategy: \"prefil\" is not a phase",
		"modes: [kv_decode, prefil]\n":                                       "1:20: modes[1]: \"prefil\" is not one of prefill, kv_decode, e2e_kv, forward; did you mean prefill?",
		"modes: [forward, prefill]\n":                                        "1:8: modes: forward stands alone",
		"provider: gpu\n":                                                    "1:11: provider: \"gpu\" is not one of auto, cpu, webgpu, cuda, tensorrt",
		"extends: defualt\n":                                                 "1:10: extends: no preset is called \"defualt\"; did you mean default?",
		"duration: soon\n":                                                   "1:11: duration: \"soon\" is not a duration such as 250ms, 60s or 10m",
		"duration: 60\n":                                                     "1:11: duration: \"60\" is not a duration",
		"slo: -3s\n":                                                         "1:6: slo: \"-3s\" is not a duration",
		"bucket_edges: [8, 4]\n":                                             "1:19: bucket_edges[1]: [8 4] is not a list of ascending positive numbers",
		"check: 2\n":                                                         "1:8: check: 2 is not between 0 and 1",
		"check: .nan\n":                                                      "1:8: check: want a number, got \".nan\"",
		"scenario: chta\n":                                                   "1:11: scenario: there is none called \"chta\"",
		"max_disk: 1MB\n":                                                    "1:11: max_disk: \"1MB\" holds no session: pictures and report alone take up to 3 MB; want 4 MB or more",
		"cache: {max_bytes: lots}\n":                                         "1:20: cache.max_bytes: \"lots\" is not a size such as 500MB or 2GiB",
		"cpus: 2..5\n":                                                       "1:7: cpus: \"2..5\" is not a list of cores such as 2-5 or 0,2, nor auto or all",
		"cpus: none\n":                                                       "1:7: cpus: \"none\" is not a list of cores",
		"gpu_interval: 1ms\n":                                                "1:15: gpu_interval: 1ms is too short: want 100ms or more",
		"dims: {batch: 4..1}\n":                                              "1:15: dims.batch: \"4..1\" is no list of sizes",
		"until: p42\n":                                                       "1:8: until: ",
		"engine: cmd\n":                                                      "engine_cmd: engine cmd needs the command line of an engine",
		"sweep: {max_new_tokens: [8, x]}\n":                                  "1:29: sweep.max_new_tokens[1]: want a whole number, got \"x\"",
		"sweep: {max_new_token: [8]}\n":                                      "did you mean max_new_tokens?",
		"sweeps: [{name: a, over: {max_new_tokens: [8, x]}}]\n":        "sweeps[0].over.max_new_tokens[1]: want a whole number, got \"x\"",
		"sweeps: [{name: a}]\n":                                        "a sweep wants a name and keys to run over",
		"sweep: {seed: [1]}\nsweeps: [{name: a, over: {seed: [1]}}]\n": "there is a sweep as well",
		"profile: -1\n": "-1 is negative",
		"scenarios: [{name: ../x, prompts: [{tokens: 1}]}]\n":       "1:20: scenarios[0].name: \"../x\" cannot be a scenario's name",
		"scenarios: [{name: x, prompts: [{tokens: 9, to: 3}]}]\n":   "1:49: scenarios[0].prompts[0].to: 3 is less than tokens: 9",
		"scenarios: [{name: x, pad_to: 3, prompts: [{tokens: 9}]}]": "1:45: scenarios[0].prompts[0]: 9 tokens are more than pad_to 3",
		"scenarios: []\n": "1:12: scenarios: there is no prompt to run",
		"<<: {seed: 1}\n": "merge keys (<<) are not understood",
		"seed: !!str 1\n": "tags such as",
		"seed: *x\n":      "no anchor named",
		"\xff\xfe":        "not text in UTF-8",
	} {
		path := filepath.Join(t.TempDir(), "c.yaml")
		must.OK(t, os.WriteFile(path, []byte(in), 0o600))
		_, err := Load(path)
		if err == nil {
			t.Errorf("%q was accepted", in)
			continue
		}
		if !strings.HasPrefix(err.Error(), path+":") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error lacks %q:\n%v", in, want, err)
		}
	}
}

// TestEmptyKeyLeavesThePreset: a key without a value is as if it were not there.
func TestEmptyKeyLeavesThePreset(t *testing.T) {
	c := must.Get(parse("c.yaml", []byte("strategy:\nmodes:\nduration:\ntorch:\nscenarios:\nseed: 7\n")))(t)
	if c.Name, c.Seed = "default", 1; !reflect.DeepEqual(c, Default()) {
		t.Errorf("%+v", c)
	}
}

func TestEveryFaultIsNamed(t *testing.T) {
	_, err := parse("c.yaml", []byte("provider: gpu\npairing: inter\nreps: -1\n"))
	for _, want := range []string{"c.yaml:1:11: provider:", "c.yaml:2:10: pairing:", "c.yaml:3:7: reps: -1 is not between 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

func TestAnchorsWorkAndCannotExplode(t *testing.T) {
	c, err := parse("c.yaml", []byte("scenarios:\n  - &a {name: x, prompts: &p [{tokens: 3}]}\n  - {name: y, prompts: *p}\n"))
	if err != nil || len(c.Scenarios) != 2 || c.Scenarios[1].Prompts[0].Tokens != 3 {
		t.Fatalf("%+v, %v", c, err)
	}
	bomb := "sweep:\n  a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n"
	for i := range 9 {
		ref := strings.Repeat(fmt.Sprintf("*a%d,", i), 9)
		bomb += fmt.Sprintf("  a%d: &a%d [%s*a%d]\n", i+1, i+1, ref, i)
	}
	if _, err := parse("c.yaml", []byte(bomb)); err == nil {
		t.Fatal("it was accepted")
	}
	if _, err := parse("c.yaml", []byte("torch: &a {config: *a}\n")); err == nil {
		t.Fatal("an anchor inside itself was accepted")
	}
}

func TestNearest(t *testing.T) {
	words := []string{"variable", "padded", "static-cache", "max_new_tokens"}
	for in, want := range map[string]string{"vairable": "variable", "static_cache": "static-cache", "MAX-NEW-TOKEN": "max_new_tokens",
		"pad": "", "": "", "zzzzzzz": "", "paddedd": "padded"} {
		if got := Nearest(in, words); got != want {
			t.Errorf("nearest to %q: %q, want %q", in, got, want)
		}
	}
}

func TestFileExtendsPreset(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.yaml")
	must.OK(t, os.WriteFile(path, []byte("extends: root_cause_padded\nseed: 9\nslo: 50ms\n"), 0o600))
	c := must.Get(Load(path))(t)
	if c.Strategy != "padded" || c.Seed != 9 || c.SLO.D().Milliseconds() != 50 || c.Name != "mine" || len(c.Scenarios) != 5 {
		t.Fatalf("%+v", c)
	}
}

func TestSet(t *testing.T) {
	c := Default()
	for key, value := range map[string]string{"strategy": "padded", "modes": "kv_decode,e2e_kv", "seed": "12", "duration": "5s",
		"aa": "true", "bucket_edges": "8,16", "torch.mode": "max-autotune", "torch.config.layers": "3", "check": "0.5", "cache.policy": "evict"} {
		must.OK(t, c.Set(key, value))
	}
	if c.Strategy != "padded" || !slices.Equal(c.Modes, []string{"kv_decode", "e2e_kv"}) || c.Seed != 12 || c.Duration.D().Seconds() != 5 ||
		!c.AA || !slices.Equal(c.BucketEdges, []int{8, 16}) || c.Torch.Mode != "max-autotune" || c.Torch.Config["layers"] != 3 || c.Check != 0.5 || c.Cache.Policy != "evict" {
		t.Fatalf("%+v", c)
	}
	for key, value := range map[string]string{"sed": "1", "seed": "x", "seed.x": "1", "duration": "soon", "torch.mod": "x"} {
		if err := c.Set(key, value); err == nil {
			t.Errorf("Set(%q, %q) was accepted", key, value)
		}
	}
}

func TestSchemaKnowsEveryKey(t *testing.T) {
	b := Schema()
	var s jsonschema.Schema
	must.OK(t, json.Unmarshal(b, &s))
	r := must.Get(s.Resolve(nil))(t)
	for _, name := range Presets() {
		c := must.Get(Load(name))(t)
		j := must.Get(json.Marshal(c))(t)
		var v any
		must.OK(t, json.Unmarshal(j, &v))
		if err := r.Validate(v); err != nil {
			t.Errorf("preset %s does not follow the schema: %v", name, err)
		}
	}
	mine := map[string]any{"extends": "root_cause", "dims": map[string]any{"batch": 4.0, "seq": "1..64"}, "slo": "50ms",
		"modes": []any{"prefill"}, "torch": map[string]any{"dtype": "float16"}, "sweep": map[string]any{"seed": []any{1.0, 2.0}},
		"scenarios": []any{map[string]any{"name": "a", "prompts": []any{map[string]any{"tokens": 3.0}}}}}
	if err := r.Validate(mine); err != nil {
		t.Errorf("the schema refuses a file that extends a preset: %v", err)
	}
	for _, bad := range []map[string]any{{"slo": "soon"}, {"slo": 5.0}, {"modes": []any{"prefil"}}, {"torch": map[string]any{"dtype": "int4"}},
		{"scenarios": []any{map[string]any{"prompts": []any{}}}}} {
		if r.Validate(bad) == nil {
			t.Errorf("the schema takes %v", bad)
		}
	}
	if r.Validate(map[string]any{"stratgy": "padded"}) == nil {
		t.Error("the schema takes an unknown key")
	}
	if r.Validate(map[string]any{"engine": "orrt"}) == nil {
		t.Error("the schema takes an unknown engine")
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range Presets() {
		b := must.Get(presetFiles.ReadFile("presets/" + name + ".yaml"))(f)
		f.Add(b)
	}
	f.Add([]byte("scenarios: [{name: a, prompts: [{tokens: 1, to: 2}]}]\nslo: 5ms\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parse("fuzz.yaml", b)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "fuzz.yaml:") {
				t.Fatalf("the error does not name the file: %v", err)
			}
			return
		}
		out := must.Get(c.YAML())(t)
		back, err := parse("fuzz.yaml", out)
		if err != nil {
			t.Fatalf("what was accepted does not read back: %v\n%s", err, out)
		}
		again, err := back.YAML()
		if err != nil || !bytes.Equal(out, again) {
			t.Fatalf("printing is not stable: %v\n%s\n%s", err, out, again)
		}
	})
}

// A file that begins with a mark of the order of bytes is one like others.
func TestAMarkOfTheOrderOfBytesIsNoKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	must.OK(t, os.WriteFile(path, []byte("\ufeffreps: 7\n"), 0o600))
	if c, err := Load(path); err != nil || c.Reps != 7 {
		t.Errorf("%+v %v", c, err)
	}
}

// TestTheSameFileHasTheSameFault: the order in which a map gives its keys decides nothing.
func TestTheSameFileHasTheSameFault(t *testing.T) {
	for src, want := range map[string]string{
		"dims: {d: x y, a: 1..., c: '-1', b: ''}\n":                   "dims.a",
		"sweep: {warmup: [x], batch: [y], reps: [z], threads: [w]}\n": "sweep.batch[0]",
	} {
		for range 20 {
			_, err := parse("x.yaml", []byte(src))
			if e, ok := errors.AsType[*Error](err); !ok || e.Key != want {
				t.Fatalf("%q: %v, want the fault of %s", src, err, want)
			}
		}
	}
}
