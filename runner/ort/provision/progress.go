package provision

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/plain"
	"golang.org/x/term"
)

// progress shows how far a transfer is: a bar on a terminal, a line a quarter
// elsewhere. One goroutine uses it.
type progress struct {
	w       io.Writer
	tty     bool
	width   int
	last    time.Time
	start   time.Time
	label   string
	quarter int64
	drawn   bool // a bar stands on the current line
}

// newProgress takes nil for silence.
func newProgress(w io.Writer) *progress {
	p := &progress{w: w, width: 80}
	if w == nil {
		p.w = io.Discard
	}
	if o, ok := w.(*plain.Out); ok {
		if f, ok := o.Under().(*os.File); ok {
			p.w, w = f, f // its own escapes pass
		}
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		p.tty = true
		if cols, _, err := term.GetSize(int(f.Fd())); err == nil && cols > 0 {
			p.width = cols
		}
	}
	return p
}

// say writes a line.
func (p *progress) say(s string) {
	p.clear()
	fmt.Fprintln(p.w, plain.Line(s))
}

// clear takes the bar away.
func (p *progress) clear() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

// at shows done of total bytes; total 0 or less is unknown.
func (p *progress) at(label string, done, total int64) {
	now := time.Now()
	if label != p.label {
		p.label, p.start, p.last, p.quarter = label, now, time.Time{}, 0
		if !p.tty {
			fmt.Fprintln(p.w, label+sizeOf(total))
		}
	}
	if p.tty {
		if now.Sub(p.last) >= 100*time.Millisecond {
			p.last, p.drawn = now, true
			fmt.Fprint(p.w, "\r"+barLine(label, done, total, now.Sub(p.start), p.width-1)+"\x1b[K")
		}
		return
	}
	if q := quarterOf(done, total); q > p.quarter {
		p.quarter = q
		fmt.Fprintf(p.w, "%s: %d %%\n", label, q*25)
	}
}

func quarterOf(done, total int64) int64 {
	if total <= 0 {
		return 0
	}
	return min(4*done/total, 4)
}

func sizeOf(total int64) string {
	if total <= 0 {
		return ""
	}
	return fmt.Sprintf(" (%d MB)", (total+500_000)/1_000_000)
}

// barLine is one line of at most width cells.
func barLine(label string, done, total int64, elapsed time.Duration, width int) string {
	amount := fmt.Sprintf("%d MB", done/1_000_000)
	if total > 0 {
		amount = fmt.Sprintf("%d of %d MB", min(done, total)/1_000_000, (total+500_000)/1_000_000)
	}
	if s := elapsed.Seconds(); s >= 1 && done > 0 {
		amount += fmt.Sprintf(", %.1f MB/s", float64(done)/s/1e6)
	}
	cells := min(width-len(label)-len(amount)-4, 40)
	if total <= 0 || cells < 4 {
		return cut(label+"  "+amount, width)
	}
	full := int(int64(cells) * min(done, total) / total)
	return label + "  " + strings.Repeat("█", full) + strings.Repeat("░", cells-full) + "  " + amount
}

func cut(s string, width int) string {
	if len(s) > width {
		return s[:max(width, 0)]
	}
	return s
}
