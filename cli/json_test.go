package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// paths are the fields of a document: a.b, and a[].b for those of a list's members.
func paths(v any, at string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			p := strings.TrimPrefix(at+"."+k, ".")
			into[p] = true
			paths(x, p, into)
		}
	case []any:
		for _, x := range v {
			paths(x, at+"[]", into)
		}
	}
}

// documented are the fields that docs/json.md lists for a schema: those that are
// always there, and all.
func documented(t *testing.T, text, schema string) (must, all []string) {
	t.Helper()
	_, part, ok := strings.Cut(text, "\n## "+schema+"\n")
	if !ok {
		t.Fatalf("docs/json.md has no section %s", schema)
	}
	part, _, _ = strings.Cut(part, "\n## ")
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*) \\|$").FindAllStringSubmatch(part, -1) {
		all = append(all, m[1])
		if !strings.HasPrefix(m[2], "*optional*") {
			must = append(must, m[1])
		}
	}
	return must, all
}

// TestJSONIsAsDocumented: what each command prints with --json has the fields that
// docs/json.md lists, all of them and no other.
func TestJSONIsAsDocumented(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		must.OK(t, os.CopyFS(filepath.Join(dir, name), os.DirFS("../snapshot/testdata/golden/finished")))
	}
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	killed := filepath.Join(dir, "killed")
	must.OK(t, os.CopyFS(killed, os.DirFS("../snapshot/testdata/golden/killed")))
	for _, c := range []struct {
		schema string
		args   []string
		open   string // below this field names are data
	}{
		{"tailscope.compare/1", []string{"compare", a, b, "--gate", "optimized.errors <= 0"}, ""},
		{"tailscope.report/1", []string{"report", a}, ""},
		{"tailscope.report/1", []string{"report", a, b, "--out", dir}, ""},
		{"tailscope.recover/1", []string{"recover", a}, ""},
		{"tailscope.recover/1", []string{"recover", killed}, ""},
		{"tailscope.licenses/1", []string{"licenses"}, ""},
		{"tailscope.licenses/1", []string{"licenses", "--texts"}, ""},
		{"tailscope.version/1", []string{"version"}, ""},
		{"tailscope.doctor/1", []string{"doctor"}, ""},
		{"tailscope.setup/1", []string{"setup", "--cpu"}, ""},
		{"tailscope.tune/1", []string{"tune", "--mode", "prefill", "--duration", "3s", "--restarts", "0", "--out", dir}, "races"},
		{"tailscope.restarts/1", []string{"run", "--restarts", "2", "--config", "root_cause_prefill_only", "--reps", "1", "--out", dir}, "starts"},
		{"tailscope.run/1", []string{"run", "--config", "root_cause_prefill_only", "--reps", "1", "--out", dir}, "summaries"},
	} {
		stdout, stderr, code := run(t, append(c.args, "--json")...)
		var v map[string]any
		if err := json.Unmarshal([]byte(stdout), &v); err != nil || v["schema"] != c.schema || code != 0 {
			t.Errorf("%v: exit code %d, %v, schema %v\n%s", c.args, code, err, v["schema"], stderr)
			continue
		}
		asDocumented(t, c.schema, v, c.open, strings.Join(c.args, " "))
	}
}

// asDocumented compares the fields of a document with docs/json.md; below open field names are data.
func asDocumented(t *testing.T, schema string, v map[string]any, open, by string) {
	t.Helper()
	text := must.Get(os.ReadFile("../docs/json.md"))(t)
	got := map[string]bool{}
	if open != "" {
		v[open] = map[string]any{}
	}
	paths(v, "", got)
	want, known := documented(t, string(text), schema)
	for p := range got {
		if !slices.Contains(known, p) {
			t.Errorf("%s prints %s, which docs/json.md does not list", by, p)
		}
	}
	for _, p := range want {
		if !got[p] {
			t.Errorf("%s does not print %s", by, p)
		}
	}
}
