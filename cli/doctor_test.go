package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

type report struct {
	Schema string   `json:"schema"`
	CanRun []string `json:"can_run"`
	Checks []struct{ Name, Status, Text string }
	// Providers are the trials.
	Providers []struct {
		Provider string `json:"provider"`
		Works    bool   `json:"works"`
		Reason   string `json:"reason"`
	} `json:"providers"`
}

func doctor(t *testing.T, args ...string) (r report, stderr string, code int) {
	t.Helper()
	stdout, stderr, code := run(t, append([]string{"doctor", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v in %q; %s", err, stdout, stderr)
	}
	return r, stderr, code
}

func (r report) text(name string) (out []string) {
	for _, c := range r.Checks {
		if c.Name == name {
			out = append(out, c.Status+": "+c.Text)
		}
	}
	return out
}

// TestDoctorTries has the doctor run a model on the CPU provider, and asks
// that a refused provider carries a reason.
func TestDoctorTries(t *testing.T) {
	if _, stderr, code := run(t, "setup"); code != 0 {
		t.Fatal(stderr)
	}
	r, stderr, code := doctor(t, "--out", t.TempDir())
	if code != 0 || r.Schema != "tailscope.doctor/1" || !slices.ContainsFunc(r.CanRun, func(s string) bool { return strings.HasPrefix(s, "ort (") }) {
		t.Fatalf("exit %d, can run %v; %s", code, r.CanRun, stderr)
	}
	cpu := false
	for _, p := range r.Providers {
		cpu = cpu || p.Provider == "cpu" && p.Works
		if !p.Works && p.Reason == "" {
			t.Errorf("%s is refused without a reason", p.Provider)
		}
	}
	if !cpu {
		t.Errorf("the CPU provider does not run: %+v", r.Providers)
	}
	for _, name := range []string{"machine", "CPUs", "ONNX Runtime", "cpu", "PyTorch", "GPU telemetry", "terminal", "output folder", "noise"} {
		if len(r.text(name)) == 0 {
			t.Errorf("nothing on %s", name)
		}
	}
}

// TestDoctorSurvivesALibraryThatCrashes loads one whose constructor aborts.
func TestDoctorSurvivesALibraryThatCrashes(t *testing.T) {
	cc := demand.Command(t, demand.GCC, "gcc")
	dir := t.TempDir()
	src, lib := filepath.Join(dir, "x.c"), filepath.Join(dir, "libonnxruntime.so.1.30.0")
	text := "#include <stdlib.h>\n__attribute__((constructor)) static void boom(void) { abort(); }\nconst void *OrtGetApiBase(void) { return 0; }\n"
	must.OK(t, os.WriteFile(src, []byte(text), 0o600))
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-o", lib, src).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r, stderr, code := doctor(t, "--library", lib, "--python", "/nowhere/python", "--out", filepath.Join(src, "x"))
	if code != 1 || !strings.Contains(stderr, "no engine can run") || len(r.CanRun) != 0 {
		t.Errorf("exit %d, can run %v: %s", code, r.CanRun, stderr)
	}
	for name, want := range map[string]string{"ONNX Runtime": "no: " + lib, "PyTorch": "no: ", "output folder": "no: "} {
		if got := r.text(name); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := r.text("ONNX Runtime"); !strings.Contains(got[0], "abort") {
		t.Errorf("it does not say that the library crashed: %q", got)
	}
}

func TestSetupAndConfigRefuse(t *testing.T) {
	text := filepath.Join(t.TempDir(), "x.tgz")
	must.OK(t, os.WriteFile(text, []byte("hello"), 0o600))
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"setup from nowhere": {[]string{"setup", "--from", text + "x"}, 2, "no such file"},
		"setup from nothing": {[]string{"setup", "--from", ""}, 2, "--from is empty"},
		"setup from text":    {[]string{"setup", "--from", text}, 1, "neither a shared library"},
		"setup argument":     {[]string{"setup", text}, 2, "takes no argument"},
		"doctor argument":    {[]string{"doctor", "x"}, 2, "takes no argument"},
		"config unknown":     {[]string{"config", "shwo"}, 2, "shwo"},
		"no such preset":     {[]string{"config", "presets", "root"}, 2, "no preset is called"},
		"nothing to replay":  {[]string{"replay", text + "x"}, 2, "no file and no folder"},
		"nothing to analyze": {[]string{"analyze", text + "x"}, 2, "no file and no folder"},
		"nothing to report":  {[]string{"report", text + "x"}, 2, "no file and no folder"},
		"nothing to recover": {[]string{"recover", text + "x"}, 2, "no file and no folder"},
		"nothing to compare": {[]string{"compare", text, text + "x"}, 2, "no file and no folder"},
		"bad flag":           {[]string{"config", "show", "--mode", "prefil"}, 2, "did you mean prefill?"},
		"bad key":            {[]string{"config", "show", "--set", "torch.backnd=x"}, 2, "did you mean backend?"},
	} {
		t.Run(name, func(t *testing.T) {
			_, stderr, code := run(t, c.args...)
			if code != c.code || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, want %d with %q: %s", code, c.code, c.want, stderr)
			}
		})
	}
}

// TestConfigShowReadsBack: what show prints is a configuration that shows the
// same.
func TestConfigShowReadsBack(t *testing.T) {
	list, _, _ := run(t, "config", "presets")
	if n := len(strings.Fields(list)); n < 16 {
		t.Fatalf("presets: %q", list)
	}
	for _, preset := range []string{"default", "root_cause_padded_kv", "decode_sweep"} {
		first, stderr, code := run(t, "config", "show", "--config", preset, "--seed", "9", "--set", "slo=5ms")
		if code != 0 || !strings.Contains(first, "seed: 9\n") || !strings.Contains(first, "slo: 5ms\n") {
			t.Fatalf("%s: exit %d: %s%s", preset, code, first, stderr)
		}
		path := filepath.Join(t.TempDir(), "mine.yaml")
		must.OK(t, os.WriteFile(path, []byte(first), 0o600))
		if again, stderr, _ := run(t, "config", "show", "--config", path); again != first {
			t.Errorf("%s changes:\n%s\n%s%s", preset, first, again, stderr)
		}
	}
	schema, _, _ := run(t, "config", "schema")
	if !json.Valid([]byte(schema)) {
		t.Errorf("the schema is not JSON: %.200q", schema)
	}
}
