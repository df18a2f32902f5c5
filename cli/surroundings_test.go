//go:build linux

package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		"restarts below none": {more: "--restarts -3", code: 2, says: "is not between"},
		"profile below zero":  {more: "--profile -3", code: 2, says: "is not between"},
		"a folder as cache":   {before: "export XDG_CACHE_HOME=/etc/passwd XDG_CONFIG_HOME=. LANG=xx_YY.ZZ TZ=/etc/passwd COLUMNS=-5;", says: "prefill"},
		"no folder to be in":  {before: "mkdir gone; cd gone; rmdir ../gone;", out: "rel", code: 1, says: "cannot be written"},
		"a name too long":     {out: strings.Repeat("a", 300), code: 1, says: "file name too long"},
		"a link to itself":    {before: "ln -s loop loop;", out: "loop", code: 1, says: "cannot be written"},
		"no text for a name":  {out: "$(printf 'a\\xff')", says: "prefill"},
		"nobody may read":     {before: "umask 777;", says: "prefill"},
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

// TestWhatIsPrintedMustArrive: a result that could not be written to stdout is no
// success, of any command; a reader that has had enough is one.
func TestWhatIsPrintedMustArrive(t *testing.T) {
	full := must.Get(os.OpenFile("/dev/full", os.O_WRONLY, 0))(t)
	defer full.Close()
	dir := killedFolder(t)
	for _, args := range [][]string{{"analyze", dir}, {"analyze", "--json", dir}, {"compare", dir, dir}, {"report", dir}, {"recover", dir}, {"doctor"}, {"config", "show"},
		{"config", "presets"}, {"examples"}, {"version"}, {"licenses"}, {"help"}} {
		c := tailscope(t, args...)
		var said strings.Builder
		c.Stdout, c.Stderr = full, &said
		must.OK(t, c.Start())
		endedWithin(t, c, time.Minute)
		if code := c.ProcessState.ExitCode(); code != 1 || !strings.Contains(said.String(), "no space left") {
			t.Errorf("%q: exit code %d, %s", args, code, said.String())
		}
	}
}

// TestAFolderMovedUnderARun: it is finished where it is, and the run says so
// instead of looking for it where it was.
func TestAFolderMovedUnderARun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	args := stuck(t, "--duration", "5s")
	for i := range args {
		args[i] = strings.Replace(args[i], "' deaf", "' steady", 1)
	}
	c := tailscope(t, append([]string{"run"}, append(args, "--out", out)...)...)
	var said strings.Builder
	c.Stderr = &said
	must.OK(t, c.Start())
	measured(t, out, 1)
	must.OK(t, os.Rename(out, out+"2"))
	endedWithin(t, c, 2*time.Minute)
	if text := said.String(); c.ProcessState.ExitCode() != 1 || !strings.Contains(text, "was moved while the session ran") || strings.Contains(text, "no such file") {
		t.Errorf("exit code %d: %s", c.ProcessState.ExitCode(), text)
	}
	if m := readJSON(t, filepath.Join(sessionDir(t, out+"2"), "manifest.json")); m["state"] != "finished" {
		t.Errorf("the folder is %v", m["state"])
	}
}
