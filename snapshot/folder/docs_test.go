package folder

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/internal/fields"
	"github.com/tailscope/tailscope/stats"
)

var updateDocs = flag.Bool("docs", false, "write the tables of docs/snapshot.md anew")

// columnsTable is the table of columns in docs/snapshot.md.
func columnsTable() string {
	var b strings.Builder
	row := func(c ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(c, " | ")) }
	code := func(s string) string {
		if s == "" {
			return ""
		}
		return "`" + s + "`"
	}
	row("metrics.csv", "samples.parquet", "unit", "meaning")
	row("---", "---", "---", "---")
	row(code(runIDColumn), "", "", "of the session")
	for _, c := range stats.CSVColumns {
		row(code(c.CSV), code(c.Name), c.Unit, c.Doc)
		if c.Name == rateAfter {
			row(code(rateColumn), "", "1/s", "`tokens / (latency_ms / 1000)`, nine digits")
		}
	}
	for _, c := range stats.Columns {
		if c.CSV == "" {
			row("", code(c.Name), "", c.Doc)
		}
	}
	return b.String()
}

// TestDocsHaveTheColumns compares docs/snapshot.md with the table.
func TestDocsHaveTheColumns(t *testing.T) {
	const begin, end = "<!-- columns -->\n", "<!-- /columns -->"
	path := filepath.Join("..", "..", "docs", "snapshot.md")
	b := must.Get(os.ReadFile(path))(t)
	head, rest, ok := strings.Cut(string(b), begin)
	got, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/snapshot.md has no table of columns")
	}
	if *updateDocs {
		must.OK(t, os.WriteFile(path, []byte(head+begin+columnsTable()+end+tail), 0o644))
	} else if got != columnsTable() {
		t.Errorf("docs/snapshot.md is not what the table says; run with -docs. It has\n%s", got)
	}
}

// TestDocsNameEveryField: what manifest.json and summary.json hold stands in their
// sections of docs/snapshot.md.
func TestDocsNameEveryField(t *testing.T) {
	doc := string(must.Get(os.ReadFile(filepath.Join("..", "..", "docs", "snapshot.md")))(t))
	section := func(file string) string {
		_, after, _ := strings.Cut(doc, "\n## "+file+"\n")
		text, _, _ := strings.Cut(after, "\n## ")
		return text
	}
	wantNamed(t, "manifest.json", section("manifest.json"), Manifest{GPU: &GPUInfo{}, Lost: &Lost{}})
	wantNamed(t, "summary.json", section("summary.json"), stats.GroupSummary{})
	wantNamed(t, "summary.json", section("summary.json"), stats.PairSummary{})
}

func wantNamed(t *testing.T, file, section string, v any) {
	for k, x := range fields.Of(v) {
		if strings.Contains(k, "_lo") || strings.Contains(k, "_hi") {
			continue // the ends of an interval
		}
		if !regexp.MustCompile(`(?i)\b` + k + `\b`).MatchString(section) {
			t.Errorf("docs/snapshot.md does not say what %s is in %s", k, file)
		}
		if x.Kind() == reflect.Struct || x.Kind() == reflect.Pointer {
			wantNamed(t, file, section, x.Interface())
		}
	}
}
