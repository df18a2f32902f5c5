package oldways

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

var update = flag.Bool("update", false, "write the table of docs/robustness.md")

// An edit puts the old behaviour into one file.
type edit struct{ file, from, to string }

// A way is one guard and the test that misses it.
type way struct {
	row     string // of the list of faults
	without string // what is taken away
	pkg     string
	test    string
	edits   []edit
}

var root = filepath.Join("..", "..")

// broken returns the file as it is with the edits of w.
func (w *way) broken(t *testing.T, file string) string {
	t.Helper()
	b := must.Get(os.ReadFile(filepath.Join(root, file)))(t)
	text := string(b)
	for _, e := range w.edits {
		if e.file != file {
			continue
		}
		if n := strings.Count(text, e.from); n != 1 {
			t.Errorf("%s, without %s: %q is in %s %d times, not once", w.row, w.without, e.from, file, n)
		}
		text = strings.Replace(text, e.from, e.to, 1)
	}
	return text
}

// overlay writes w's files and the list that go test takes them from.
func (w *way) overlay(t *testing.T) (path string) {
	t.Helper()
	dir, replace := t.TempDir(), map[string]string{}
	for i, e := range w.edits {
		abs := must.Get(filepath.Abs(filepath.Join(root, e.file)))(t)
		at := filepath.Join(dir, fmt.Sprint(i, "_", filepath.Base(e.file)))
		must.OK(t, os.WriteFile(at, []byte(w.broken(t, e.file)), 0o600))
		replace[abs] = at
	}
	list := must.Get(json.Marshal(map[string]any{"Replace": replace}))(t)
	path = filepath.Join(dir, "overlay.json")
	must.OK(t, os.WriteFile(path, list, 0o600))
	return path
}

// TestTheTableIsTrue: each edit finds its lines, each test is there, and
// docs/robustness.md has the table.
func TestTheTableIsTrue(t *testing.T) {
	var b strings.Builder
	for _, w := range ways {
		for _, e := range w.edits {
			w.broken(t, e.file)
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` |\n", w.row, w.without, w.test)
	}
	path := filepath.Join(root, "docs", "robustness.md")
	doc := must.Get(os.ReadFile(path))(t)
	const head = "| row | seen to fail without | test |\n|---|---|---|\n"
	before, rest, ok := strings.Cut(string(doc), head)
	if !ok {
		t.Fatalf("%s lacks the head of the table", path)
	}
	table, after, _ := strings.Cut(rest, "\n\n")
	if table+"\n" == b.String() {
		return
	}
	if !*update {
		t.Fatalf("the table of %s is another: go test ./internal/oldways -update", path)
	}
	must.OK(t, os.WriteFile(path, []byte(before+head+b.String()+"\n"+after), 0o600))
}

// TestOldWays brings the old behaviour back, row by row, and wants each test
// to fail. It takes some minutes, so it is asked for by name.
func TestOldWays(t *testing.T) {
	asked := os.Getenv("TAILSCOPE_OLDWAYS")
	if asked == "" {
		demand.Lacks(t, demand.OldWays, "TAILSCOPE_OLDWAYS=1 runs every row, =S1,R6 those")
	}
	rows := strings.Split(asked, ",")
	for _, w := range ways {
		if asked != "1" && !slices.Contains(rows, w.row) {
			continue
		}
		t.Run(w.row+" "+w.test, func(t *testing.T) {
			overlay := w.overlay(t)
			ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
			defer cancel()
			c := exec.CommandContext(ctx, "go", "test", "-vet=off", "-count=1", "-timeout=150s", "-run", "^"+w.test+"$", w.pkg)
			c.Dir, c.WaitDelay = root, 10*time.Second
			c.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -overlay="+overlay, "TAILSCOPE_SLOW=1") // of the programs that a test builds too
			out, err := c.CombinedOutput()
			text := string(out)
			switch {
			case err == nil:
				t.Errorf("%s passes without %s", w.test, w.without)
			case strings.Contains(text, "[build failed]") || strings.Contains(text, "[setup failed]") || strings.Contains(text, "build: "):
				t.Errorf("without %s it does not build: %s", w.without, text)
			case !strings.Contains(text, "FAIL"):
				t.Errorf("%v: %s", err, text)
			}
			t.Logf("%.600s", text)
		})
	}
}
