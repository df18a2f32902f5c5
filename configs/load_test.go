package configs

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

func TestPresetsAreValidAndReadBack(t *testing.T) {
	want := []string{"default", "aa", "decode_sweep", "root_cause", "root_cause_dynamic", "root_cause_padded", "root_cause_padded_kv", "root_cause_prefill_only"}
	if got := Presets(); !slices.Equal(got, want) {
		t.Fatalf("presets %v, want %v", got, want)
	}
	for _, name := range Presets() {
		c, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		b, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
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
		c, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
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
	for in, want := range map[string][]string{
		"seed: 3\nstratgy: padded\n":                          {"c.yaml:", "[2:1]", "stratgy", "did you mean strategy?"},
		"scenarios:\n  - name: a\n    promts: []":             {"[3:5]", "did you mean prompts?"},
		"torch:\n  backnd: inductor\n":                        {"[2:3]", "did you mean backend?"},
		"reps: many\n":                                        {"[1:7]"},
		"seed: 1\nseed: 2\n":                                  {"[2:1]", "seed"},
		"strategy: paded\n":                                   {"strategy", "did you mean padded?"},
		"strategy: prefill=padded,decode=egar\n":              {"did you mean eager?"},
		"modes: [prefil]\n":                                   {"did you mean prefill?"},
		"extends: defualt\n":                                  {"did you mean default?"},
		"duration: soon\n":                                    {"not a duration"},
		"slo: -3s\n":                                          {"not a duration"},
		"bucket_edges: [8, 4]\n":                              {"bucket_edges", "ascending"},
		"check: 2\n":                                          {"check", "between 0 and 1"},
		"scenario: chta\n":                                    {"did you mean chat?"},
		"cache: {max_bytes: lots}\n":                          {"cache.max_bytes", "not a size"},
		"scenarios: [{name: ../x, prompts: [{tokens: 1}]}]\n": {"cannot be a scenario's name"},
		"scenarios: [{name: x, prompts: [{tokens: 9, to: 3}]}]\n":     {"less than"},
		"scenarios: [{name: x, pad_to: 3, prompts: [{tokens: 9}]}]\n": {"more than pad_to"},
	} {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(in), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if err == nil {
			t.Errorf("%q was accepted", in)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: error lacks %q:\n%v", in, w, err)
			}
		}
	}
}

func TestFileExtendsPreset(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte("extends: root_cause_padded\nseed: 9\nslo: 50ms\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Strategy != "padded" || c.Seed != 9 || c.SLO.D().Milliseconds() != 50 || c.Name != "mine" || len(c.Scenarios) != 5 {
		t.Fatalf("%+v", c)
	}
}

func TestSet(t *testing.T) {
	c := Default()
	for key, value := range map[string]string{"strategy": "padded", "modes": "kv_decode,e2e_kv", "seed": "12", "duration": "5s",
		"aa": "true", "bucket_edges": "8,16", "torch.mode": "max-autotune", "torch.config.layers": "3", "check": "0.5", "cache.policy": "evict"} {
		if err := c.Set(key, value); err != nil {
			t.Fatal(err)
		}
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
	b, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Presets() {
		c, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		j, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(j, &v); err != nil {
			t.Fatal(err)
		}
		if err := r.Validate(v); err != nil {
			t.Errorf("preset %s does not follow the schema: %v", name, err)
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
		b, err := presetFiles.ReadFile("presets/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
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
		out, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
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
