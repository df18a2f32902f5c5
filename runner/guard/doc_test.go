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

// TestEveryPromiseHasItsTest: each test that docs/robustness.md, docs/cases.md and
// docs/screen.md name is there.
func TestEveryPromiseHasItsTest(t *testing.T) {
	there, test := map[string]bool{}, regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
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
	for _, name := range []string{"robustness.md", "cases.md", "screen.md"} {
		doc := must.Get(os.ReadFile(filepath.Join("..", "..", "docs", name)))(t)
		for _, m := range regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`").FindAllStringSubmatch(string(doc), -1) {
			if !there[m[1]] {
				t.Errorf("docs/%s names %s, which is not there", name, m[1])
			}
		}
	}
}
