package guard

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// floors are the top-level folders and what each may import of the program: what
// stands above it in this list, no more. Packages of "runner" that everything may
// import know nothing of sessions.
var floors = []struct {
	folders []string // a package is in the first floor that has a prefix of its path
	imports []string // floors, by their first folder
}{
	{[]string{"stats"}, nil},
	{[]string{"runner/sys", "runner/clock", "runner/guard", "runner/plain", "internal"}, nil},
	{[]string{"configs"}, []string{"stats"}},
	{[]string{"gpu"}, []string{"runner/sys"}},
	{[]string{"runner/view"}, []string{"stats", "gpu"}},
	{[]string{"runner"}, []string{"stats", "configs", "gpu", "runner/sys", "runner/view"}},
	{[]string{"snapshot"}, []string{"stats", "configs", "gpu", "runner/sys", "runner/view", "runner"}},
	{[]string{"tui"}, []string{"stats", "gpu", "runner/sys", "runner/view"}},
	{[]string{"cli", ""}, []string{"stats", "configs", "gpu", "runner/sys", "runner/view", "runner", "snapshot", "tui"}},
}

// floor is the number of a package's floor, by its path.
func floor(dir string) int {
	return slices.IndexFunc(floors, func(f struct{ folders, imports []string }) bool {
		return slices.ContainsFunc(f.folders, func(p string) bool { return p == "" || dir == p || strings.HasPrefix(dir, p+"/") })
	})
}

// TestRooms: no package has more than 30 files, the doc.go of each (but of those of
// tests alone) names one of them to begin in, and none imports a floor above its own.
func TestRooms(t *testing.T) {
	const module, most = "github.com/tailscope/tailscope/", 30
	files := map[string][]string{}
	top := filepath.Join("..", "..")
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(top, path) // below top
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == "testdata" || strings.HasPrefix(name, ".") && path != top):
			return fs.SkipDir
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			dir := filepath.ToSlash(filepath.Dir(rel))
			files[dir] = append(files[dir], path)
		}
		return nil
	})
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	begin := regexp.MustCompile(`[\w.-]+\.go\b`)
	for dir, paths := range files {
		if len(paths) > most {
			t.Errorf("%s has %d files, more than %d", dir, len(paths), most)
		}
		name := "doc.go"
		if dir == "." {
			name = "main.go"
		}
		doc, _, _ := strings.Cut(string(must.Get(os.ReadFile(filepath.Join(top, dir, name)))(t)), "\npackage ")
		if begun := begin.FindAllString(doc, -1); (len(paths) > 1 || name != "doc.go") && !slices.ContainsFunc(paths, func(p string) bool { return slices.Contains(begun, filepath.Base(p)) }) {
			t.Errorf("%s names none of its files to begin in", dir)
		}
		f := floors[floor(dir)]
		for _, path := range paths {
			src := must.Get(parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly))(t)
			for _, i := range src.Imports {
				of, _ := strconv.Unquote(i.Path.Value) // it was parsed
				if of, ours := strings.CutPrefix(of, module); ours {
					if g := floors[floor(of)]; g.folders[0] != f.folders[0] && !slices.Contains(f.imports, g.folders[0]) {
						t.Errorf("%s imports %s, which stands above it", path, of)
					}
				}
			}
		}
	}
}
