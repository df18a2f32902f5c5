package output

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/tailscope/tailscope/runner/plain"
)

// Stderr is where everything is told that is no result.
var Stderr = plain.Writer(os.Stderr)

// Terminal reports whether somebody sits before this program: a screen can be
// shown and keys be read.
func Terminal() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd()))
}

// Width is how wide the terminal is that w writes to, 0 when it is none.
func Width(w io.Writer) int {
	f, ok := File(w)
	if !ok {
		return 0
	}
	cols, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return cols
}

// File is the file that w writes to in the end.
func File(w io.Writer) (*os.File, bool) {
	if p, ok := w.(*plain.Out); ok {
		w = p.Under()
	}
	f, ok := w.(*os.File)
	return f, ok
}

// Size is a number of bytes in decimal units.
func Size(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}

// JSON prints v as an indented document that no terminal takes for commands.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(plain.JSONWriter(w))
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Next says on stderr, which holds no result, what is useful next.
func Next(what string) { fmt.Fprintln(Stderr, "next: "+plain.Line(what)) }

// Quote is a path as a shell takes it.
func Quote(path string) string {
	if path == "" || strings.ContainsAny(path, " \t\"'\\$&;()*?<>|`!#~[]{}") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// Fit is text as it is printed to w: a terminal would break its words.
func Fit(w io.Writer, text string) string {
	if cols := Width(w); cols > 40 {
		return Wrap(text, cols, "")
	}
	return text
}

// Wrap breaks a text into lines of width columns at spaces and the given letters. A longer word stays whole, to be copied (a
// checksum), and a hyphen, where ansi breaks too, is no place for it: '--flag' and -0.108 would be two words.
func Wrap(s string, width int, letters string) string {
	const hyphen = "\u2011" // one that joins
	return strings.ReplaceAll(ansi.Wordwrap(strings.ReplaceAll(s, "-", hyphen), width, letters), hyphen, "-")
}
