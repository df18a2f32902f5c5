package cli_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// Nothing in a session folder holds a secret of the command line or of the
// environment, and with --anonymous neither home nor host.
func TestWhatAFolderDoesNotTell(t *testing.T) {
	demand.Command(t, demand.Python, "python3")
	host, _ := os.Hostname()
	home := t.TempDir()
	src := must.Get(os.ReadFile("../docs/example_engine.py"))(t)
	engine := filepath.Join(home, "engine.py")
	must.OK(t, os.WriteFile(engine, append([]byte("import os, sys\nprint('environment', sorted(os.environ.items()), sys.argv, file=sys.stderr)\n"), src...), 0o600))
	out := filepath.Join(home, "runs")
	c := tailscope(t, "run", "--engine", "cmd", "--engine-cmd", "python3 "+engine+" --token=s3cretflag", "--mode", "prefill", "--reps", "2", "--out", out, "--anonymous")
	c.Env = append(os.Environ(), "HOME="+home, "MY_SERVICE_TOKEN=s3cretenv", "DATABASE_URL=postgres://u:s3cretdb@h/d", "OMP_NUM_THREADS=3")
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	dir := sessionDir(t, out)
	log, err := os.ReadFile(filepath.Join(dir, "worker.log"))
	if err != nil || !bytes.Contains(log, []byte("OMP_NUM_THREADS")) || bytes.Contains(log, []byte("s3cretenv")) || bytes.Contains(log, []byte("s3cretdb")) {
		t.Errorf("the worker's environment: %s, %v", log, err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, secret := range []string{"s3cretflag", home, host} {
			if strings.HasSuffix(path, "worker.log") && secret == "s3cretflag" {
				continue // what the engine itself prints
			}
			if len(secret) > 2 && bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s holds %q", path, secret)
			}
		}
		return err
	})
	must.OK(t, err)
}

// TestNoTelemetry: ONNX Runtime's own sender, whose files would lie there, is
// not started; CI keeps it still by itself.
func TestNoTelemetry(t *testing.T) {
	if runtime.GOOS != "linux" {
		demand.Lacks(t, demand.Linux, "only Linux builds write files")
	}
	tmp := t.TempDir()
	c := tailscope(t, "run", "--provider", "cpu", "--mode", "prefill", "--reps", "2", "--out", t.TempDir())
	c.Env = append(os.Environ(), "TMPDIR="+tmp, "CI=")
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, f := range must.Get(os.ReadDir(tmp))(t) {
		t.Errorf("%s is left in the folder for temporary files", f.Name())
	}
}
