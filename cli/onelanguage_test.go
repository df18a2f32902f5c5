package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestOneSessionHasOneVerdict: analyze, its JSON and the report say the same of a
// session; of a part of its rows analyze says what those allow.
func TestOneSessionHasOneVerdict(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	must.OK(t, os.CopyFS(dir, os.DirFS("../snapshot/testdata/golden/finished")))
	if _, stderr, code := run(t, "report", dir); code != 0 {
		t.Fatal(stderr)
	}
	text, _, _ := run(t, "analyze", dir)
	asJSON, _, _ := run(t, "analyze", dir, "--json")
	page := must.Get(os.ReadFile(filepath.Join(dir, "report.md")))(t)
	_, said, ok := strings.Cut(string(page), "\n## prefill\n\n**")
	said, _, found := strings.Cut(said, " (")
	if !ok || !found || !strings.HasPrefix(text, "prefill: "+said) || !strings.Contains(asJSON, `"`+said) {
		t.Errorf("the report says %q, analyze\n%.600s", said, text)
	}
	part, stderr, code := run(t, "analyze", dir, "--where", "lane=eager")
	if code != 0 || strings.Contains(part, "pairs") {
		t.Errorf("a part of the rows: exit code %d, %.400s%s", code, part, stderr)
	}
}
