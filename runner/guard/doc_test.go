package guard

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestEveryPromiseHasItsTest: each test and benchmark that a document names is there.
func TestEveryPromiseHasItsTest(t *testing.T) {
	there, test := map[string]bool{}, regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Za-z0-9_]+)\(`)
	must.OK(t, filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range test.FindAllSubmatch(b, -1) {
			there[string(m[1])] = true
		}
		return err
	}))
	docs := append(must.Get(filepath.Glob("../../docs/*.md"))(t), must.Get(filepath.Glob("../../*.md"))(t)...)
	named := 0
	for _, doc := range docs {
		for _, m := range regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9_]+)`").FindAllStringSubmatch(string(must.Get(os.ReadFile(doc))(t)), -1) {
			named++
			if !there[m[1]] {
				t.Errorf("%s names %s, which is not there", doc, m[1])
			}
		}
	}
	if named < 200 {
		t.Errorf("%d tests are named", named)
	}
}
