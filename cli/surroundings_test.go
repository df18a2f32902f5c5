//go:build linux

package cli_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// TestHardSurroundings: what the machine or the command line may lack. A run goes
// on, or ends with one sentence and without a dump.
func TestHardSurroundings(t *testing.T) {
	demand.Time(t)
	path := must.Get(binary())(t)
	script := must.Get(filepath.Abs("../runner/testdata/hostile.py"))(t)
	engine := demand.Command(t, demand.Python, "python3") + " " + script + " ok"
	for name, c := range map[string]struct {
		before string // of the shell, or variables
		engine string // "": one without a fault
		out    string // "": a new folder
		more   string
		code   int
		says   string
	}{
		"no HOME":             {before: "unset HOME XDG_CACHE_HOME;", says: "prefill"},
		"HOME cannot be used": {before: "export HOME=/proc/1;", says: "prefill"},
		"no TMPDIR":           {before: "export TMPDIR=/nonexistent;", says: "prefill"},
		"no TERM, no LANG":    {before: "export TERM= LANG=;", says: "prefill"},
		"16 descriptors":      {before: "ulimit -n 16;", code: 1, says: "too many open files"},
		"files of 50 KB":      {before: "ulimit -f 100;", code: 1, says: "file too large"},
		"out is a file":       {out: "/etc/passwd", code: 1, says: "not a directory"},
		"out is a device":     {out: "/dev/null", code: 1, says: "not a directory"},
		"out has an escape":   {out: "$(printf 'a\\nb\\033[31m')", says: "prefill"},
		"no engine":           {engine: "/nonexistent", code: 1, says: "exited with 127"},
		"engine is a folder":  {engine: "/etc", code: 1, says: "exited with 126"},
		"engine is no shell":  {engine: "python3 \\'", code: 1, says: "before the model was loaded"},
		"reps below zero":     {more: "--reps -3", code: 2, says: "is not between"},
		"a duration of ages":  {more: "--duration 999999999h", code: 2, says: "is not a duration"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := c.out
			if out == "" {
				out = t.TempDir()
			}
			if c.engine == "" {
				c.engine = engine
			}
			sh := exec.Command("bash", "-c", "cd "+t.TempDir()+"; "+c.before+" exec "+path+" run --engine cmd --mode prefill --reps 2 --warmup 0 --engine-cmd "+
				"\""+c.engine+"\" --out \""+out+"\" "+c.more)
			text := prints(t, sh, c.code, c.says)
			if strings.Contains(text, "goroutine ") {
				t.Errorf("a dump: %s", text)
			}
		})
	}
}
