//go:build unix

package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// plants are where the program of this test panics, by the word in TAILSCOPE_PLANT:
// a line of its source, and the call that is put behind it at build time only.
var plants = map[string]struct{ file, line, call string }{
	"session": {"runner/session.go", "		s.eng.post()\n", "		plant(\"session\", s.firstWorkNs > 0)\n"},
	"reader":  {"runner/worker/process.go", "	r := protocol.NewReader(out)\n", "	plant(\"reader\", true)\n"},
	"screen":  {"tui/model.go", "func (m *model) View() tea.View {\n", "	plant(\"screen\", m.rev > 5)\n"},
}

const planted = `package %s

import "os"

func plant(where string, due bool) {
	if due && os.Getenv("TAILSCOPE_PLANT") == where {
		panic("planted in the " + where)
	}
}
`

// plantedBinary builds the program with panics in it, by an overlay: the
// program itself has no way to be told to panic.
func plantedBinary(t *testing.T) string {
	t.Helper()
	dir, replace := t.TempDir(), overlaid(t)
	put := func(path, text string) {
		abs := must.Get(filepath.Abs(filepath.Join("..", path)))(t)
		at := filepath.Join(dir, strings.ReplaceAll(path, "/", "_"))
		must.OK(t, os.WriteFile(at, []byte(text), 0o600))
		replace[abs] = at
	}
	for word, p := range plants {
		b := must.Get(os.ReadFile(filepath.Join("..", p.file)))(t)
		if strings.Count(string(b), p.line) != 1 {
			t.Fatalf("%s: the line to plant a panic behind is not there once: %q", word, p.line)
		}
		put(p.file, strings.Replace(string(b), p.line, p.line+p.call, 1))
		put(filepath.Dir(p.file)+"/zz_plant.go", fmt.Sprintf(planted, filepath.Base(filepath.Dir(p.file))))
	}
	list := must.Get(json.Marshal(map[string]any{"Replace": replace}))(t)
	overlay, path := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "tailscope")
	must.OK(t, os.WriteFile(overlay, list, 0o600))
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", path, "github.com/tailscope/tailscope").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// TestAPanicRestoresTheTerminal: a bug in the session, in the reader of the
// worker's lines or in drawing, in the real program on a real terminal: it is
// left as it was found, the sentence and the stack stand on it, the exit code is
// 1, and the folder is finished or says how to finish it.
func TestAPanicRestoresTheTerminal(t *testing.T) {
	demand.Time(t)
	if os.Getenv("TAILSCOPE_BINARY") != "" {
		demand.Lacks(t, demand.GCC, "it builds a program of its own")
	}
	path := plantedBinary(t)
	fresh, other, err := pty.Open()
	must.OK(t, err)
	untouched := settings(t, fresh)
	_, _ = fresh.Close(), other.Close()
	for word := range plants {
		t.Run(word, func(t *testing.T) {
			args := stuck(t)
			for i := range args {
				args[i] = strings.Replace(args[i], "' deaf", "' steady", 1)
			}
			c := exec.Command(path, args...)
			c.Env = append(os.Environ(), "TAILSCOPE_PLANT="+word)
			s := newScreen(t, 120, 40, c)
			if word == "session" { // the screen stays and says so, as of every failure
				s.until("the sentence", 30*time.Second, func(text string) bool { return strings.Contains(text, "internal error in the session") })
				s.keys("q")
			}
			if err := s.ended(30 * time.Second); err == nil || c.ProcessState.ExitCode() != 1 {
				t.Errorf("it ended with %v", err)
			}
			if now := settings(t, s.pty); now != untouched {
				t.Errorf("the terminal's settings are %s, were %s", now, untouched)
			}
			raw := string(s.raw)
			for on, off := range map[string]string{"\x1b[?1049h": "\x1b[?1049l", "\x1b[?25l": "\x1b[?25h", "\x1b[?1002h": "\x1b[?1002l"} {
				if strings.LastIndex(raw, off) < strings.LastIndex(raw, on) {
					t.Errorf("%q is on at the end", on)
				}
			}
			if !strings.Contains(raw, "planted in the "+word) || !strings.Contains(raw, "a bug in tailscope") {
				t.Errorf("nothing says what happened: %q", tail(s.raw))
			}
			b, err := os.ReadFile(filepath.Join(sessionDir(t, args[len(args)-1]), "manifest.json"))
			if err != nil || strings.Contains(string(b), `"state": "running"`) && !strings.Contains(raw, "tailscope recover") {
				t.Errorf("the folder: %v %s", err, b)
			}
		})
	}
}

// overlaid is what the tests themselves were built with in place of the source,
// as internal/oldways has it: an -overlay in GOFLAGS, which one in the command's
// arguments takes the place of.
func overlaid(t *testing.T) map[string]string {
	t.Helper()
	var list struct{ Replace map[string]string }
	for flag := range strings.FieldsSeq(os.Getenv("GOFLAGS")) {
		if path, ok := strings.CutPrefix(flag, "-overlay="); ok {
			must.OK(t, json.Unmarshal(must.Get(os.ReadFile(path))(t), &list))
		}
	}
	if list.Replace == nil {
		return map[string]string{}
	}
	return list.Replace
}

// settings are those of a terminal, as text.
func settings(t *testing.T, f *os.File) string {
	t.Helper()
	st := must.Get(term.GetState(f.Fd()))(t)
	return fmt.Sprintf("%+v", *st)
}
