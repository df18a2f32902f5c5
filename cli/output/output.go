package output

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/tailscope/tailscope/runner/plain"
)

// Stderr is where everything is told that is no result.
var Stderr = plain.Writer(os.Stderr)

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

// OrDash is s, or a dash for nothing.
func OrDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
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
