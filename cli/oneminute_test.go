//go:build unix

package cli_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// TestOneMinute walks what docs/tour.md promises to someone who knows '?' alone:
// who wins at p50 and p99 and how sure, what the tail is made of, which shape
// made the last compile, the key that cures it, and that it is cured. The walk
// takes three keys; how long it takes is logged, and is the machine's matter.
func TestOneMinute(t *testing.T) {
	demand.Time(t)
	t.Parallel() // beside the soak, which mostly waits
	for _, c := range []struct {
		name          string
		w, h          int
		key, strategy string
		args          []string
	}{
		{"prefill/80x24", 80, 24, "p", "padded", nil},
		{"prefill/200x60", 200, 60, "p", "padded", nil},
		{"decode/80x24", 80, 24, "k", "kv-bucketed", []string{"--mode", "kv_decode", "--max-new-tokens", "2"}},
		{"decode/200x60", 200, 60, "k", "kv-bucketed", []string{"--mode", "kv_decode", "--max-new-tokens", "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := t.TempDir()
			cmd := tailscope(t, append(c.args, "--provider", "cpu", "--out", out)...)
			cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8")
			s, begin := newScreen(t, c.w, c.h, cmd), time.Now()
			s.keys("?")
			s.until("help begins with the four answers", time.Minute, shows("who wins", "why the tail", "which shape", "the cure"))
			s.keys("?")

			text := s.until("who wins, how sure, why, and the key", 10*time.Minute, func(x string) bool {
				return verdictLine.MatchString(x) && !strings.Contains(x, "too few samples") && tailOfCompiles.MatchString(x) && lastCompile.MatchString(x) && cureKey(x) == c.key
			})
			t.Logf("answered after %v: %q", time.Since(begin).Round(time.Second), verdictLine.FindString(text))
			events := lastCompile.FindAllStringSubmatch(text, -1)
			last := events[len(events)-1]

			pressed := time.Now()
			s.keys(c.key)
			cured := regexp.MustCompile(`→ since ` + c.strategy + `: p99 ([\d.,]+ [mµ]?s) → ([\d.,]+ [mµ]?s)`)
			text = s.until("what the cure did", 10*time.Minute, func(x string) bool {
				m := cured.FindStringSubmatch(x)
				return m != nil && shownTime(t, m[2]) < shownTime(t, m[1])
			})
			t.Logf("cured %v later: %q", time.Since(pressed).Round(time.Second), cured.FindString(text))
			if cureKey(text) != "" && strings.Contains(text, "executable a scenario") {
				t.Errorf("the cure is asked for again:\n%s", text)
			}
			s.keys("q")
			must.OK(t, s.ended(time.Minute))
			if !slices.ContainsFunc(readEvents(t, sessionDir(t, out)), func(e map[string]any) bool { return e["kind"] == last[1] && e["shape"] == last[2] }) {
				t.Errorf("the screen shows a %s of %s, which is no event of the session", last[1], last[2])
			}
		})
	}
}

// What the screen says, at any width.
var (
	verdictLine    = regexp.MustCompile(`p50 (?:◆ optimized|◇ eager|~).* p99 (?:◆ optimized|◇ eager|~)[^│\n]*`)
	tailOfCompiles = regexp.MustCompile(`◆ tail [\d,]+ beyond .*compile [\d,]+|(?s:why the tail is slow.*◆ optimized.*compile)`)
	lastCompile    = regexp.MustCompile(`▲ (compile|recompile) +◆ +(\d+x[\dx+@]+) +[\d.]+ m?s`)
	cure           = regexp.MustCompile(`(?m)^[│▌ ]*([pbk])  (?:pads|gives|p99) `)
)

// cureKey is the key that the screen names against the tail.
func cureKey(text string) string {
	if m := cure.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// shownTime is a time as the screen shows it.
func shownTime(t *testing.T, s string) time.Duration {
	t.Helper()
	return must.Get(time.ParseDuration(strings.NewReplacer(" ", "", ",", "").Replace(s)))(t)
}

func shows(words ...string) func(string) bool {
	return func(text string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	}
}
