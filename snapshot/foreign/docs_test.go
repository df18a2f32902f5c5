package foreign

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var update = flag.Bool("update", false, "write docs/formats.md's table anew")

const formatsDoc = "../../docs/formats.md"

// TestDocsListEveryFormat: the table of docs/formats.md is what the formats say
// of themselves; -update writes it.
func TestDocsListEveryFormat(t *testing.T) {
	b := must.Get(os.ReadFile(formatsDoc))(t)
	before, rest, ok := strings.Cut(string(b), "<!-- formats -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- end of formats -->\n")
	if !ok || !ok2 {
		t.Fatal("the marks of the table are missing")
	}
	want := before + "<!-- formats -->\n" + formatTable() + "<!-- end of formats -->\n" + after
	if *update {
		must.OK(t, os.WriteFile(formatsDoc, []byte(want), 0o644))
		return
	}
	if want != string(b) {
		t.Fatal("docs/formats.md is not what the formats say: go test ./snapshot/foreign -run TestDocs -update")
	}
}

func formatTable() string {
	all := append([]*rows.Format{&rows.AsTable}, rows.Formats()...)
	slices.SortStableFunc(all, func(a, b *rows.Format) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	var b strings.Builder
	b.WriteString("| format | written by | seen | read | not read |\n|---|---|---|---|---|\n")
	for _, f := range all {
		cell := func(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", cell(f.Name), f.Tool, cell(f.Seen), cell(f.Reads), cell(f.Leaves))
	}
	return b.String()
}

// TestFormatsDescribeThemselves: a format without a description is no format.
func TestFormatsDescribeThemselves(t *testing.T) {
	names := map[string]bool{}
	for _, f := range rows.Formats() {
		if f.Name == "" || f.Tool == "" || f.Seen == "" || f.Reads == "" || f.Leaves == "" || names[f.Name] {
			t.Errorf("%+v", f)
		}
		names[f.Name] = true
		ways := 0
		for _, has := range []bool{f.Table != nil, f.Doc != nil, f.Head != nil} {
			if has {
				ways++
			}
		}
		if ways != 1 || (f.Doc != nil) != (f.ReadDoc != nil) || (f.Head != nil) != (f.Read != nil) {
			t.Errorf("%s: a table, documents or a head, with its reader", f.Name)
		}
	}
}
