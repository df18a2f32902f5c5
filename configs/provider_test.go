package configs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/stats"
)

// Every provider's row is whole, --provider takes its word, and the documents name
// it, as they name every strategy and every mode.
func TestTablesAreWhole(t *testing.T) {
	docs := ""
	files, _ := filepath.Glob("../docs/*.md")
	for _, f := range append(files, "../README.md") {
		b := must.Get(os.ReadFile(f))(t)
		docs += string(b)
	}
	for i := range Providers {
		r := &Providers[i]
		if ProviderOf(r.Word) != r || r.Title == "" || r.Means == "" || r.Auto && r.ORT == "" {
			t.Errorf("the row of %q is not whole: %+v", r.Word, *r)
		}
		if oneOf("provider", "provider", r.Word) != nil || !slices.Contains(ProviderWords(), r.Word) {
			t.Errorf("--provider does not take %s", r.Word)
		}
		if !strings.Contains(docs, r.Word) || !strings.Contains(docs, r.Title) {
			t.Errorf("no document names the provider %s", r.Word)
		}
	}
	for _, s := range stats.Strategies {
		if f := checkStrategy(string(s.Word)); f != nil {
			t.Errorf("--strategy: %v", f)
		}
		if !strings.Contains(docs, "`"+string(s.Word)+"`") {
			t.Errorf("no document names the strategy `%s`", s.Word)
		}
	}
	for _, m := range stats.ModeNames() {
		if !strings.Contains(docs, "`"+m+"`") {
			t.Errorf("no document names the mode `%s`", m)
		}
	}
}
