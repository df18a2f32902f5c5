package tokens

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
)

// A pattern that backtracks for ever is given up with a sentence.
func TestACatastrophicPatternEnds(t *testing.T) {
	c := must.Get(Open(write(t, tiny(set("pre_tokenizer", map[string]any{"type": "Sequence", "pretokenizers": []any{
		map[string]any{"type": "Split", "pattern": map[string]any{"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": false},
		map[string]any{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}}})))))(t)
	begin := time.Now()
	if _, err := c.Count(strings.Repeat("a", 64) + "!"); err == nil {
		t.Error("the pattern matched")
	}
	if d := time.Since(begin); d > 3*patternTime {
		t.Errorf("it took %v", d)
	}
}

// FuzzTokenizer reads arbitrary bytes as a tokenizer.json and counts a text by
// what comes out.
func FuzzTokenizer(f *testing.F) {
	for _, m := range []map[string]any{tiny(nil), tiny(set("normalizer", map[string]any{"type": "NFC"}))} {
		b := must.Get(json.Marshal(m))(f)
		f.Add(b, "Hello, world 1234 \u00e9\u4e16")
	}
	f.Add([]byte(`{"model":{"type":"BPE","vocab":{},"merges":[]}}`), "a")
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		c, err := parse(file)
		if err != nil {
			return
		}
		if len(text) > 1<<10 {
			text = text[:1<<10]
		}
		if n, err := c.Count(text); err == nil && n < 0 {
			t.Errorf("%d tokens", n)
		}
	})
}
