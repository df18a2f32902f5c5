package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

func TestVersion(t *testing.T) {
	out, stderr, code := run(t, "version")
	if code != 0 || !strings.HasPrefix(out, "tailscope ") || !strings.Contains(out, "go1.") || !strings.Contains(out, "ONNX Runtime") {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	line, _, _ := strings.Cut(out, "\n")
	if short, _, code := run(t, "--version"); code != 0 || strings.TrimSpace(short) != line {
		t.Errorf("--version, exit %d: %q, want %q", code, short, line)
	}
	out, _, _ = run(t, "version", "--json")
	var r map[string]any
	if err := json.Unmarshal([]byte(out), &r); err != nil || r["schema"] != "tailscope.version/1" || r["go"] == "" {
		t.Errorf("%v: %s", err, out)
	}
}

// TestLicensesAreThoseOfWhatIsLinked: what go version -m lists has a licence.
func TestLicensesAreThoseOfWhatIsLinked(t *testing.T) {
	path := must.Get(binary())(t)
	linked := must.Get(exec.Command("go", "version", "-m", path).Output())(t)
	out, _, code := run(t, "licenses", "--texts")
	if code != 0 {
		t.Fatal(out)
	}
	n := 0
	for line := range strings.Lines(string(linked)) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == "dep" {
			n++
			if !strings.Contains(out, "\n"+f[1]+" ") {
				t.Errorf("%s has no licence: run scripts/licenses", f[1])
			}
		}
	}
	if n < 20 || !strings.Contains(out, "Permission is hereby granted") || !strings.Contains(out, "Apache License") {
		t.Errorf("%d modules; texts are missing", n)
	}
}

// TestBillOfMaterials: what a release lists of the program has its licence. The list
// had moved, and no release could be made.
func TestBillOfMaterials(t *testing.T) {
	python, out := demand.Command(t, demand.Python, "python3"), filepath.Join(t.TempDir(), "spdx.json")
	if said, err := exec.Command(python, "../scripts/sbom", must.Get(binary())(t), out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	var doc struct {
		Packages []struct {
			Name            string
			LicenseDeclared string
		}
	}
	must.OK(t, json.Unmarshal(must.Get(os.ReadFile(out))(t), &doc))
	for _, p := range doc.Packages {
		if p.LicenseDeclared == "NOASSERTION" {
			t.Errorf("%s has no licence", p.Name)
		}
	}
	if n := len(doc.Packages); n < 20 || doc.Packages[0].Name != "github.com/tailscope/tailscope" {
		t.Errorf("%d packages: %v", n, doc.Packages)
	}
}
