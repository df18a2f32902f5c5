package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestPicturesAreShown: every picture is in a document, and every picture that a
// document shows is there.
func TestPicturesAreShown(t *testing.T) {
	root := filepath.Join("..")
	docs, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(docs) == 0 {
		t.Fatalf("documents: %v, %v", docs, err)
	}
	shown := map[string]bool{}
	name := regexp.MustCompile(`pictures/([\w-]+\.(?:png|svg|gif))`)
	for _, doc := range append(docs, filepath.Join(root, "README.md")) {
		text := must.Get(os.ReadFile(doc))(t)
		for _, m := range name.FindAllStringSubmatch(string(text), -1) {
			shown[m[1]] = true
			if _, err := os.Stat(filepath.Join(root, "docs", "pictures", m[1])); err != nil {
				t.Errorf("%s shows %s: %v", doc, m[1], err)
			}
		}
	}
	files := must.Get(os.ReadDir(filepath.Join(root, "docs", "pictures")))(t)
	for _, f := range files {
		if !shown[f.Name()] {
			t.Errorf("no document shows docs/pictures/%s", f.Name())
		}
	}
}
