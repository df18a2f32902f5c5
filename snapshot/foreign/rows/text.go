package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/plain"
)

// Clean makes a text of a file safe to print: control and direction-changing
// characters become spaces, as on the live screen.
func Clean(s string) string { return strings.TrimSpace(plain.Line(s)) }

// Quote shows a text of a file in a sentence, shortened and safe.
func Quote(s string) string { return "“" + Short(s, 40) + "”" }

// Short is Clean of at most n characters.
func Short(s string, n int) string {
	r := []rune(Clean(s[:min(len(s), 8*n)]))
	if len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return string(r)
}

// List shows names in a sentence, at most 30 of them.
func List(names []string) string {
	var out []string
	for i, n := range names {
		if i == 30 {
			out = append(out, fmt.Sprintf("… and %d more", len(names)-i))
			break
		}
		out = append(out, Short(n, 40))
	}
	return strings.Join(out, ", ")
}

func sorted(s []string, sep string) string {
	slices.Sort(s)
	return strings.Join(s, sep)
}

// missing is the sentence of a column that is not there.
func missing(column, purpose string, columns []string) error {
	hint := ". "
	if n := nearest(column, columns); n != "" {
		hint = fmt.Sprintf("; did you mean %s? ", Quote(n))
	}
	return NoColumn("there is no column %s %s%sColumns are %s", Quote(column), purpose, hint, List(columns))
}

// nearest returns the name closest to s, "" if none is within a third of it.
func nearest(s string, names []string) string {
	best, name := max(len(s)/3, 2)+1, ""
	for _, n := range names {
		if d := configs.Distance(fold(s), fold(n)); d < best || strings.Contains(fold(n), fold(s)) && name == "" {
			best, name = min(d, best), n
		}
	}
	return name
}

func fold(s string) string {
	return strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(s))
}
