package provision

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestBarFitsItsLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 300).Draw(t, "width")
		total := rapid.Int64Range(-1, 1<<40).Draw(t, "total")
		done := rapid.Int64Range(0, 1<<40).Draw(t, "done")
		line := barLine("fetching", done, total, time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "ns")), width)
		if n := utf8.RuneCountInString(line); n > width {
			t.Fatalf("%d cells in a width of %d: %q", n, width, line)
		}
	})
}

func TestPlainProgressIsAFewLines(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out)
	for i := int64(0); i <= 1000; i++ {
		p.at("fetching", i*1e5, 1e8)
	}
	p.say("done")
	want := "fetching (100 MB)\nfetching: 25 %\nfetching: 50 %\nfetching: 75 %\nfetching: 100 %\ndone\n"
	if out.String() != want || strings.Contains(out.String(), "\x1b") {
		t.Fatalf("got %q", out.String())
	}
}
