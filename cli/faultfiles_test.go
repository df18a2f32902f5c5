//go:build unix

package cli_test

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/plain"
)

// faultFile copies a file of testdata/faults into a folder of its own, models
// out of their base64, and returns its path.
func faultFile(t *testing.T, name, as string) string {
	t.Helper()
	path := filepath.Join("testdata", "faults", name)
	if b, err := os.ReadFile(path + ".base64"); err == nil {
		b = must.Get(base64.StdEncoding.DecodeString(string(b)))(t)
		path = filepath.Join(t.TempDir(), as)
		must.OK(t, os.WriteFile(path, b, 0o600))
		return path
	}
	b := must.Get(os.ReadFile(path))(t)
	path = filepath.Join(t.TempDir(), as)
	must.OK(t, os.WriteFile(path, b, 0o600))
	return path
}

// prints runs a command that must end within half a minute, print nothing that a
// terminal obeys, end with the code, and say all of want.
func prints(t *testing.T, c *exec.Cmd, code int, want ...string) string {
	t.Helper()
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	must.OK(t, c.Start())
	endedWithin(t, c, time.Minute)
	text := out.String()
	if plain.Text(text) != text {
		t.Errorf("%q prints what a terminal obeys: %q", c.Args[1:], text)
	}
	if got := c.ProcessState.ExitCode(); got != code {
		t.Errorf("%q: exit code %d, want %d: %s", c.Args[1:], got, code, text)
	}
	for _, w := range want {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), w) {
			t.Errorf("%q does not say %q: %s", c.Args[1:], w, text)
		}
	}
	return text
}

// killedFolder is a copy of the folder of a killed session.
func killedFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "stranger")
	must.OK(t, os.CopyFS(dir, os.DirFS("../snapshot/testdata/golden/killed")))
	return dir
}

// TestFaultFiles: each input that once went through, with its commands and what
// is right now.
func TestFaultFiles(t *testing.T) {
	python := demand.Command(t, demand.Python, "python3")
	engine := func(file string, more ...string) []string {
		return append([]string{"run", "--engine", "cmd", "--engine-cmd", python + " " + faultFile(t, file, "engine.py"), "--mode", "prefill", "--out", t.TempDir()}, more...)
	}
	for name, try := range map[string]func(t *testing.T){
		"esc.onnx": func(t *testing.T) {
			prints(t, tailscope(t, "model", "inspect", faultFile(t, "esc.onnx", "esc.onnx")), 0)
		},
		"escop.onnx": func(t *testing.T) {
			path := faultFile(t, "escop.onnx", "escop.onnx")
			prints(t, tailscope(t, "run", "--model", path, "--mode", "forward", "--reps", "1", "--provider", "cpu", "--out", t.TempDir()), 1)
		},
		"ext_nul.onnx": func(t *testing.T) {
			path := faultFile(t, "ext_nul.onnx", "ext_nul.onnx")
			prints(t, tailscope(t, "model", "inspect", path), 1)
			prints(t, tailscope(t, "run", "--model", path, "--mode", "forward", "--reps", "1", "--provider", "cpu", "--out", t.TempDir()), 2)
		},
		"esc.yaml": func(t *testing.T) {
			prints(t, tailscope(t, "config", "show", "--config", faultFile(t, "esc.yaml", "esc.yaml")), 0)
		},
		"evil.csv": func(t *testing.T) {
			path := faultFile(t, "evil.csv", "evil.csv")
			prints(t, tailscope(t, "analyze", path, "--out", t.TempDir()), 0, "PWNED")
			prints(t, tailscope(t, "compare", path, path), 0)
		},
		"hyper_evil.json": func(t *testing.T) {
			path := faultFile(t, "hyper_evil.json", "hyper_evil.json")
			prints(t, tailscope(t, "analyze", path, "--out", t.TempDir()), 0, "PWNED")
			prints(t, tailscope(t, "compare", path, path), 0)
		},
		"tokenizer_escape.json": func(t *testing.T) {
			prints(t, withTokenizer(t, "tokenizer_escape.json"), 2, "PWNED")
		},
		"tokenizer_catastrophic.json": func(t *testing.T) { // with the text of tokenizer_text.yaml
			prints(t, withTokenizer(t, "tokenizer_catastrophic.json"), 2, "finds no end within 2s")
		},
		"diesc.py": func(t *testing.T) {
			prints(t, tailscope(t, engine("diesc.py", "--reps", "1")...), 1, "exited with 3: boom", "red")
		},
		"fast_bigevent.py": func(t *testing.T) {
			args := engine("fast_bigevent.py", "--reps", "1000", "--warmup", "0")
			prints(t, tailscope(t, args...), 0)
			dir := sessionDir(t, args[8])
			cut := false
			for _, e := range readEvents(t, dir) {
				reason, _ := e["reason"].(string)
				cut = cut || strings.Contains(reason, "(4194304 bytes)")
			}
			if m := readJSON(t, filepath.Join(dir, "manifest.json")); !cut || m["state"] != "finished" {
				t.Errorf("the folder is %v; the large event is there, cut: %v", m["state"], cut)
			}
		},
		"fast_bigsteps.py": func(t *testing.T) {
			args := engine("fast_bigsteps.py", "--reps", "1000", "--warmup", "0")
			text := prints(t, tailscope(t, args...), 0)
			m := readJSON(t, filepath.Join(sessionDir(t, args[8]), "manifest.json"))
			counts, _ := m["counts"].(map[string]any)
			if m["state"] != "finished" || strings.Contains(text, "arrived") || counts["samples"] != counts["samples_expected"] && counts["samples_expected"] != nil {
				t.Errorf("%v %v: %s", m["state"], counts, text)
			}
		},
		"journal_huge_number": func(t *testing.T) {
			for _, command := range []string{"analyze", "report", "recover"} {
				dir := killedFolder(t)
				must.OK(t, os.WriteFile(filepath.Join(dir, "journal", "9999999999.parquet"), nil, 0o600))
				prints(t, tailscope(t, command, dir), 0)
			}
		},
		"one_bit_flip.txt": func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "stranger")
			must.OK(t, os.CopyFS(dir, os.DirFS("../snapshot/testdata/golden/rotated")))
			parts, err := filepath.Glob(filepath.Join(dir, "journal", "*.parquet"))
			if err != nil || len(parts) == 0 {
				t.Fatal("no rotated segment", err)
			}
			b := must.Get(os.ReadFile(parts[0]))(t)
			b[len(b)/2] ^= 1
			must.OK(t, os.WriteFile(parts[0], b, 0o600))
			prints(t, tailscope(t, "recover", dir), 0, "could not be read")
			prints(t, tailscope(t, "analyze", dir), 0)
		},
		"symlink_overwrite": func(t *testing.T) {
			for _, at := range []string{"config.yaml.tmp", "report.md", "report.md.tmp", "report.html", "events.jsonl.tmp", "journal/lock", "prefill"} {
				for _, command := range []string{"recover", "report"} {
					dir, home := killedFolder(t), t.TempDir()
					victim := filepath.Join(home, "bashrc")
					must.OK(t, os.WriteFile(victim, []byte("mine"), 0o600))
					_ = os.Remove(filepath.Join(dir, at))
					target := victim
					if at == "prefill" {
						target = home
					}
					must.OK(t, os.Symlink(target, filepath.Join(dir, at)))
					_, _, _ = run(t, command, dir) // may refuse
					b, err := os.ReadFile(victim)
					list, _ := os.ReadDir(home)
					if err != nil || string(b) != "mine" || len(list) != 1 {
						t.Errorf("%s with a link at %s: %q %v %v", command, at, b, err, list)
					}
				}
			}
		},
		"planted_python": func(t *testing.T) {
			dir, mark := t.TempDir(), filepath.Join(t.TempDir(), "ran")
			for _, m := range strings.Fields("json numpy os re site sitecustomize socket sys tailscope_torch torch transformers typing usercustomize") {
				must.OK(t, os.WriteFile(filepath.Join(dir, m+".py"), []byte("open('"+mark+"', 'a').write(__name__ + ' ')\n"), 0o600))
			}
			c := tailscope(t, "doctor")
			c.Dir = dir
			prints(t, c, 0)
			if b, err := os.ReadFile(mark); err == nil {
				t.Errorf("doctor ran %s", b)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			try(t)
		})
	}
}

// withTokenizer is a run of a text prompt, as in tokenizer_text.yaml, whose model
// has the tokenizer beside it.
func withTokenizer(t *testing.T, file string) *exec.Cmd {
	t.Helper()
	tokenizer := faultFile(t, file, "tokenizer.json")
	model := filepath.Join(filepath.Dir(tokenizer), "model.onnx")
	must.OK(t, os.Symlink(faultFile(t, "esc.onnx", "model.onnx"), model))
	config := filepath.Join(t.TempDir(), "tokenizer_text.yaml")
	must.OK(t, os.WriteFile(config, []byte("scenarios:\n  - {name: a, prompts: [{text: \""+strings.Repeat("a", 64)+strings.Repeat(" aa", 1000)+" !\"}]}\nreps: 2\nmodes: [prefill]\n"), 0o600))
	return tailscope(t, "run", "--config", config, "--model", model, "--out", t.TempDir())
}
