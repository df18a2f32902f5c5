package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
)

// writeTokenizer writes a byte-level tokenizer.json that knows "the" as one
// token, and every other byte as one.
func writeTokenizer(t *testing.T, dir, kind string) {
	t.Helper()
	vocab, next := map[string]int{}, rune(256)
	for b := range rune(256) {
		r := b
		if b < '!' || b > '~' && b < 0xa1 || b == 0xad {
			r = next
			next++
		}
		vocab[string(r)] = int(b)
	}
	vocab["th"], vocab["the"] = 256, 257
	b := must.Get(json.Marshal(map[string]any{
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false},
		"model":         map[string]any{"type": kind, "vocab": vocab, "merges": []string{"t h", "th e"}},
	}))(t)
	must.OK(t, os.WriteFile(filepath.Join(dir, "tokenizer.json"), b, 0o600))
}

// TestTextPromptsAreCounted: with a tokenizer.json beside the model a text is
// a prompt of as many tokens, and the session says how many; without one, or
// with one that is not known, the run is refused before anything is made.
func TestTextPromptsAreCounted(t *testing.T) {
	model, out := t.TempDir(), filepath.Join(t.TempDir(), "runs")
	conf := filepath.Join(t.TempDir(), "c.yaml")
	text := "modes: [prefill]\nscenarios:\n  - name: a\n    prompts: [{tokens: 3}, {text: the other}]\n"
	must.OK(t, os.WriteFile(conf, []byte(text), 0o600))
	args := []string{"run", "--engine-cmd", "python3 ../docs/example_engine.py", "--model", model, "--config", conf, "--reps", "2", "--warmup", "0", "--out", out}
	refused := func(want string) {
		t.Helper()
		if said, code := run(args...); code != 2 || !strings.Contains(said, want) {
			t.Errorf("exit code %d, no %q in\n%s", code, want, said)
		}
		if _, err := os.Stat(out); err == nil {
			t.Error("a session folder was made")
		}
	}
	refused("scenarios[0].prompts[1].text: text cannot be run: no tokenizer.json is beside the model " + model)
	writeTokenizer(t, model, "WordPiece")
	refused(`the model is "WordPiece"; only byte-level BPE is known`)
	writeTokenizer(t, model, "BPE")
	if said, code := run(args...); code != 0 {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	found, err := filepath.Glob(filepath.Join(out, "*", "*.yaml"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	b := must.Get(os.ReadFile(found[0]))(t)
	const lengths = "- tokens: 3\n      - tokens: 5\n" // the, space, o, the, r
	if s := strings.ReplaceAll(string(b), "        - ", "      - "); !strings.Contains(s, lengths) || strings.Contains(s, "text:") {
		t.Errorf("the session's configuration is\n%s", b)
	}
	if c, err := configs.Load(found[0]); err != nil || c.Scenarios[0].Prompts[1].Tokens != 5 {
		t.Errorf("the session's configuration, read again: %+v, %v", c, err)
	}
}

func TestInspectSaysWhatTheTokenizerIsFor(t *testing.T) {
	dir := t.TempDir()
	path := must.Get(testmodels.Write(dir, "mlp"))(t)
	for kind, want := range map[string]string{
		"BPE":     "tokenizer.json (counts the tokens of text prompts; ids are drawn from the seed)",
		"Unigram": `tokenizer.json (not used, prompts are token lengths: the model is "Unigram"; only byte-level BPE is known)`,
	} {
		writeTokenizer(t, filepath.Dir(path), kind)
		if out, code := run("model", "inspect", path); code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d: no %q in\n%s", code, want, out)
		}
	}
}
