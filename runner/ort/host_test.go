package ort

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pinCPUs moves every thread that there is, those of the runtime included.
// It runs in a process of its own.
func TestPinCPUs(t *testing.T) {
	if os.Getenv("TAILSCOPE_TEST_PIN") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPinCPUs$", "-test.v")
		cmd.Env = append(os.Environ(), "TAILSCOPE_TEST_PIN=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	for _, bad := range []string{"", "a", "3-1", "-1", "4096", "0,"} {
		if err := pinCPUs(bad); err == nil {
			t.Errorf("cpus %q was accepted", bad)
		}
	}
	if err := pinCPUs("0"); err != nil {
		t.Fatal(err)
	}
	testOpen(t) // threads made later inherit it
	files, _ := filepath.Glob("/proc/self/task/*/status")
	if len(files) < 2 {
		t.Fatalf("%d threads", len(files))
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(b), "Cpus_allowed_list:")
		list, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		if list != "0" {
			t.Errorf("%s: cores %q", f, list)
		}
	}
}
