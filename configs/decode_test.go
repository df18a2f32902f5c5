package configs

import (
	"strings"
	"testing"
	"time"
)

// TestHostileSources are sources that could take a parser down: each is
// refused, soon.
func TestHostileSources(t *testing.T) {
	for name, src := range map[string]string{
		"open lists":   "a: " + strings.Repeat("[", 1<<19),
		"open maps":    "a: " + strings.Repeat("{a: ", 1<<17),
		"indents":      indents(1200),
		"dashes":       strings.Repeat("- ", 1<<18),
		"long scalar":  "engine: " + strings.Repeat("x", 1<<19),
		"many keys":    manyKeys(4000),
		"many lines":   strings.Repeat("#\n", 1<<18) + "x",
		"quotes":       "engine: \"" + strings.Repeat("\\u0041", 1<<16),
		"larger still": strings.Repeat("#", maxSource+1),
	} {
		begin := time.Now()
		if _, err := parse("c.yaml", []byte(src)); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if d := time.Since(begin); d > 20*time.Second {
			t.Errorf("%s: took %v", name, d)
		} else {
			t.Logf("%s: %v", name, d)
		}
	}
}

func indents(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func manyKeys(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString("seed: 1\n")
	}
	return b.String()
}
