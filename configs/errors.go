package configs

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is one fault of a configuration: what is wrong with a key, and where
// it stands when it came from a file.
type Error struct {
	File    string // "" when it did not come from a file
	Line    int    // 1-based; 0 unknown
	Column  int    // 1-based, in characters
	Excerpt string // lines of the file with a caret; "" when unknown
	Key     string // path of the key, e.g. scenarios[0].prompts[1].tokens; "" for the whole
	Msg     string // a sentence without the key
}

// Error is "file:line:column: key: sentence", the excerpt below.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
		}
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Msg)
	if e.Excerpt != "" {
		b.WriteString("\n" + e.Excerpt)
	}
	return b.String()
}

// faultf is a fault of a key.
func faultf(key, format string, args ...any) *Error {
	return &Error{Key: key, Msg: fmt.Sprintf(format, args...)}
}

// at puts a fault where it stands in a source.
func (e *Error) at(file string, src []byte, p position) *Error {
	e.File = file
	if p.line > 0 {
		e.Line, e.Column = p.line, p.column
		e.Excerpt = excerpt(string(src), p)
	}
	return e
}

// position is a place in a source, 1-based.
type position struct{ line, column int }

// excerpt shows the line with one before it, and a caret below the column.
func excerpt(src string, p position) string {
	lines := strings.Split(strings.ReplaceAll(src, "\r\n", "\n"), "\n")
	if p.line > len(lines) {
		return ""
	}
	var b strings.Builder
	if p.line > 1 && strings.TrimSpace(lines[p.line-2]) != "" {
		fmt.Fprintf(&b, "  %4d | %s\n", p.line-1, shown(lines[p.line-2]))
	}
	text := shown(lines[p.line-1])
	fmt.Fprintf(&b, "> %4d | %s\n", p.line, text)
	b.WriteString("       | " + strings.Repeat(" ", min(p.column-1, utf8.RuneCountInString(text))) + "^")
	return b.String()
}

// shown is a line fit for a terminal: no control characters, at most 100 long.
func shown(s string) string {
	return short(strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s), 100)
}

// quote shows a value in a sentence, shortened.
func quote(s string) string { return fmt.Sprintf("%q", short(s, 40)) }

// short is at most n runes of s, the last a sign that there are more.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// Nearest returns the known word closest to s, "" if none is close.
func Nearest(s string, known []string) string {
	best, word := 0.45, ""
	for _, k := range known {
		d := float64(Distance(fold(s), fold(k))) / float64(max(utf8.RuneCountInString(s), len(k), 1))
		switch {
		case d < best:
			best, word = d, k
		case d == best && word != "":
			word += " or " + k
		}
	}
	return word
}

// fold makes spellings alike that users mix up.
func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// Distance is the optimal string alignment distance: insertions, deletions,
// substitutions and swaps of neighbours (Damerau 1964).
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return max(len(x), len(y))
	}
	prev2, prev, cur := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(y)]
}

// hint is the end of a sentence that has listed the known words.
func hint(s string, known []string) string {
	if n := Nearest(s, known); n != "" {
		return "; did you mean " + n + "?"
	}
	return ""
}

// didYouMean is the end of a sentence on an unknown word: the nearest known
// one, else all of them.
func didYouMean(s string, known []string) string {
	if h := hint(s, known); h != "" {
		return h
	}
	return "; want " + strings.Join(known, ", ")
}
