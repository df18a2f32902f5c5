package output

import (
	"strings"
	"testing"
)

// A row that is too wide goes on below, its columns as they were.
func TestRowsKeepTheirColumns(t *testing.T) {
	const table = "  candidate   n    why it is out\n  variable    0    not judged: to make its executables\n"
	const want = "  candidate   n    why it is out\n  variable    0    not judged:\nto make its executables\n"
	if got := Wrap(table, 32, ""); got != want {
		t.Errorf("%q", got)
	}
}

// A line ends at a space, not in a flag or behind a sign: 'setup --' and 'from' could not be copied, and of
// -0.108 ms a line said 0.108 ms.
func TestLinesEndBetweenWords(t *testing.T) {
	text := "'tailscope setup --from' takes a wheel, median -0.108 ms [-0.113, -0.103]; --pairing concurrent"
	for width := 14; width < 100; width++ {
		got := Wrap(text, width, "")
		if strings.ReplaceAll(got, "\n", " ") != text {
			t.Errorf("%d columns: %q", width, got)
		}
		for _, line := range strings.Split(got, "\n") {
			if len(line) > width {
				t.Errorf("%d columns: %q", width, line)
			}
		}
	}
}
