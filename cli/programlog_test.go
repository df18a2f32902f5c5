package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestProgramOutput reads a program's log as the screen shows it: escapes die,
// of a progress bar its last state is left, of a long log whole lines.
func TestProgramOutput(t *testing.T) {
	dir := t.TempDir()
	if programOutput(dir) != nil {
		t.Error("there is no log")
	}
	write := func(s string) func() []string {
		must.OK(t, os.WriteFile(filepath.Join(dir, programLog), []byte(s), 0o644))
		return programOutput(dir)
	}
	if got := write("")(); got != nil {
		t.Errorf("nothing printed: %q", got)
	}
	got := write("\x1b[31mred\x1b[0m\x1b]0;title\x07\n 10 %\r 20 %\r\nbytes \xff\ta\n")()
	if want := []string{"red", " 20 % ", "bytes \ufffd    a"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	got = write(strings.Repeat("a line of the log\n", 1<<16))()
	if n := len(got); n < shownOutput/18-1 || got[0] != "a line of the log" || got[n-1] != got[0] {
		t.Errorf("%d lines, the first %q", n, got[0])
	}
}
