package tokens

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// tiny is a tokenizer.json as a map: the 256 bytes, and tokens for "th", "the",
// " the", "==", "===" and " ==" by merges in this order.
func tiny(change func(f map[string]any)) map[string]any {
	vocab := map[string]int{}
	for b, r := range runeOf {
		vocab[string(r)] = b
	}
	merges := []any{"t h", []string{"th", "e"}, "Ġ the", "= =", "== =", "Ġ =="}
	for i, t := range []string{"th", "the", "Ġthe", "==", "===", "Ġ=="} {
		vocab[t] = 256 + i
	}
	f := map[string]any{
		"added_tokens":  []any{map[string]any{"id": 300, "content": "<|end|>", "special": true}, map[string]any{"id": 301, "content": "<|end|>x", "lstrip": true}},
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false},
		"model":         map[string]any{"type": "BPE", "vocab": vocab, "merges": merges},
	}
	if change != nil {
		change(f)
	}
	return f
}

func write(t *testing.T, f map[string]any) string {
	t.Helper()
	b := must.Get(json.Marshal(f))(t)
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	must.OK(t, os.WriteFile(path, b, 0o600))
	return path
}

func set(key string, v any) func(map[string]any) { return func(f map[string]any) { f[key] = v } }
func inModel(key string, v any) func(map[string]any) {
	return func(f map[string]any) { f["model"].(map[string]any)[key] = v }
}

func typed(typ string, rest ...any) map[string]any {
	m := map[string]any{"type": typ}
	for i := 0; i < len(rest); i += 2 {
		m[rest[i].(string)] = rest[i+1]
	}
	return m
}

func TestCount(t *testing.T) {
	split := func(regex string) func(map[string]any) {
		return set("pre_tokenizer", typed("Sequence", "pretokenizers", []any{
			typed("Split", "pattern", map[string]any{"Regex": regex}, "behavior", "Isolated"),
			typed("ByteLevel", "add_prefix_space", false, "use_regex", false)}))
	}
	for _, c := range []struct {
		name   string
		change func(map[string]any)
		text   string
		want   int
	}{
		{"nothing", nil, "", 0},
		{"words", nil, "the the", 2},
		{"a space is left for the word after", nil, "the   the", 3 + 1}, // the, two spaces, " the"
		{"lines: the last break stands alone", nil, "\n\na", 3},
		{"equal ranks from the left", nil, "=====", 2},                // "==" and "==" first, then "==" and "==="
		{"the earlier merge first", nil, " ====", 2},                  // " ==", "=="
		{"bytes of other scripts", nil, "字é", 3 + 2},                  // no merges: one each
		{"contractions cut a word", nil, "'the 'sthe", 2 + 2 + 2 + 2}, // 't, he, then space and ', then s and "the"
		{"an added token is one", nil, "the<|end|>the", 3},
		{"composed first", set("normalizer", typed("NFC")), "e\u0301", 2},
		{"not composed", nil, "e\u0301", 3},
		{"a space before the first word", set("pre_tokenizer", typed("ByteLevel")), "the", 1},
		{"own pattern", split(`t|h|e`), "the", 3},
		{"what no pattern matches stays", split(`x`), "thexthe", 3},
		{"look-ahead", split(`\s+(?!\S)|\s+|\S+`), "the  the", 1 + 1 + 1 + 1},
		{"a whole word", func(f map[string]any) {
			inModel("ignore_merges", true)(f)
			f["model"].(map[string]any)["vocab"].(map[string]int)["xyz"] = 262
		}, "xyz", 1},
		{"merges alone do not make it", func(f map[string]any) {
			f["model"].(map[string]any)["vocab"].(map[string]int)["xyz"] = 262
		}, "xyz", 3},
		{"tokens around", set("post_processor", typed("TemplateProcessing",
			"single", []any{map[string]any{"SpecialToken": map[string]any{"id": "<s>"}}, map[string]any{"Sequence": map[string]any{"id": "A"}}},
			"special_tokens", map[string]any{"<s>": map[string]any{"ids": []int{300}}})), "the", 2},
	} {
		k, err := Open(write(t, tiny(c.change)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if n, err := k.Count(c.text); n != c.want || err != nil {
			ids, _ := k.encode(c.text)
			t.Errorf("%s: %q has %d tokens, want %d (%v, %v)", c.name, c.text, n, c.want, ids, err)
		}
	}
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	for want, change := range map[string]func(map[string]any){
		`the model is "Unigram"`:         inModel("type", "Unigram"),
		"byte_fallback":                  inModel("byte_fallback", true),
		"subword prefix":                 inModel("continuing_subword_prefix", "##"),
		"no token for byte 0":            inModel("vocab", map[string]int{"a": 0}),
		"is not in the vocabulary":       inModel("merges", []string{"q q"}),
		"is not two tokens":              inModel("merges", []string{"abc"}),
		"normalizer Lowercase":           set("normalizer", typed("Sequence", "normalizers", []any{typed("Lowercase")})),
		"there is no pre-tokenizer":      set("pre_tokenizer", nil),
		"pre-tokenizer Metaspace":        set("pre_tokenizer", typed("Metaspace")),
		"pre-tokenizer Split Removed":    set("pre_tokenizer", typed("Sequence", "pretokenizers", []any{typed("Split", "behavior", "Removed"), typed("ByteLevel")})),
		"without a pattern":              set("pre_tokenizer", typed("ByteLevel", "use_regex", false)),
		"post-processor Other":           set("post_processor", typed("Other")),
		"cannot unmarshal":               set("model", "x"),
		"error parsing regexp":           set("pre_tokenizer", typed("Sequence", "pretokenizers", []any{typed("Split", "pattern", map[string]any{"Regex": "("}, "behavior", "Isolated"), typed("ByteLevel", "add_prefix_space", false)})),
		"the pre-tokenizer has no steps": set("pre_tokenizer", typed("Sequence")),
		"after another pre-tokenizer":    set("pre_tokenizer", typed("Sequence", "pretokenizers", []any{typed("Split", "pattern", map[string]any{"Regex": "x"}, "behavior", "Isolated"), typed("ByteLevel")})),
	} {
		if _, err := Open(write(t, tiny(change))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	k := must.Get(Open(write(t, tiny(nil))))(t)
	if n, err := k.Count("the<|end|>x"); err == nil || !strings.Contains(err.Error(), "<|end|>x") {
		t.Errorf("a token that takes what is around it: %d, %v", n, err)
	}
	if n, err := k.Count("\xff"); err == nil {
		t.Errorf("not UTF-8: %d", n)
	}
}

func TestBeside(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "onnx")
	must.OK(t, os.Mkdir(sub, 0o700))
	file := filepath.Join(sub, "model.onnx")
	want := filepath.Join(dir, "tokenizer.json")
	for _, p := range []string{file, want} {
		if got := Beside(file); got != "" {
			t.Errorf("before it is there: %q", got)
		}
		must.OK(t, os.WriteFile(p, nil, 0o600))
	}
	for _, model := range []string{file, sub, dir} {
		if got := Beside(model); got != want {
			t.Errorf("beside %s: %q, want %q", model, got, want)
		}
	}
}
