package guard

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
)

// A panic in a goroutine reaches whoever is in charge.
func TestAPanicIsReported(t *testing.T) {
	got := make(chan *Panic, 1)
	defer OnPanic(func(p *Panic) { got <- p })()
	Go("a test", func() {
		var m map[string]int
		m["x"] = 1 //nolint:staticcheck // the panic is the test
	})
	select {
	case p := <-got:
		if !strings.Contains(p.Error(), "internal error in a test: assignment to entry in nil map") || !strings.Contains(string(p.Stack), "guard_test.go") {
			t.Errorf("%v\n%s", p, p.Stack)
		}
	case <-time.After(time.Minute):
		t.Fatal("nobody heard of it")
	}
}

// unguarded are the folders whose goroutines end with their process: the code
// of workers, whose crash the supervisor tells, and a stand-in for tests.
var unguarded = []string{"runner/openai", "runner/ort", "runner/program", "runner/torchtrace", "runner/openai", "runner/torchtrace", "runner/protocol/conformance", "tui/internal"}

// TestNoBareGoroutine: every goroutine of the supervisor is started by Go.
func TestNoBareGoroutine(t *testing.T) {
	root := filepath.Join("..", "..")
	exempt := map[string]bool{"runner/guard/guard.go": true, "cli/ending.go": true} // this one, and the last one standing
	must.OK(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || exempt[name]:
			return nil
		}
		for _, dir := range unguarded {
			if strings.HasPrefix(name, dir+"/") {
				return nil
			}
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s:%d: a bare go statement: use guard.Go", name, fset.Position(g.Pos()).Line)
			}
			return true
		})
		return nil
	}))
}
