package cli_test

import (
	"strings"
	"testing"
)

// TestNearestWords: a word that is nearly right names the right one.
func TestNearestWords(t *testing.T) {
	for args, want := range map[string]string{
		"runn":                       `there is no command "runn"; did you mean run?`,
		"analyse x":                  "did you mean analyze?",
		"--confg x":                  "unknown flag: --confg; did you mean --config?",
		"run --recompile_limit 3":    "did you mean --recompile-limit?",
		"config shwo":                "did you mean show?",
		"run --config rootcause":     "did you mean root_cause?",
		"run --strategy padedd":      "did you mean padded?",
		"compare a b --gates x":      "did you mean --gate?",
		"zzzzzzzzz":                  `there is no command "zzzzzzzzz"; see`,
		"run --set recompilelimit=3": "did you mean recompile_limit?",
	} {
		_, stderr, code := run(t, strings.Fields(args)...)
		if code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %q lacks %q", args, code, stderr, want)
		}
	}
}

// TestHelpIsBySubject: every flag stands under a subject, with what it takes.
func TestHelpIsBySubject(t *testing.T) {
	out, _, code := run(t, "run", "--help")
	if code != 0 || strings.Contains(out, " string ") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	last := 0
	for _, subject := range []string{"What runs:", "--strategy WORD", "How long:", "Shapes and compiles:", "Requests and load:", "What makes it trustworthy:", "Machine and files:", "PyTorch:", "Screen and output:", "      --json"} {
		at := strings.Index(out, subject)
		if at < last {
			t.Errorf("%s is not after what comes before it", subject)
		}
		last = at
	}
	if out, _, code := run(t, "config"); code != 0 || !strings.Contains(out, "presets") {
		t.Errorf("config alone: exit %d:\n%s", code, out)
	}
}
