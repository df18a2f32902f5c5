package cli_test

import (
	"context"
	endian "encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
)

// exe ends the name of a program.
var exe = map[string]string{"windows": ".exe"}[runtime.GOOS]

// binary builds the real program once for all tests of this package, unless
// TAILSCOPE_BINARY names one: where tests run, Go need not be.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("TAILSCOPE_BINARY"); path != "" {
		return path, nil
	}
	dir, err := os.MkdirTemp("", "tailscope-e2e")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "tailscope"+exe)
	out, err := exec.Command("go", "build", "-o", path, "github.com/tailscope/tailscope").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil && os.Getenv("TAILSCOPE_BINARY") == "" {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// tailscope prepares a run of the real program with its library in place.
func tailscope(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path := must.Get(binary())(t)
	return exec.Command(path, args...)
}

// run runs the program to its end and returns what it printed.
func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := tailscope(t, args...)
	cmd := exec.CommandContext(ctx, c.Path, args...)
	var o, e strings.Builder
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var ee *exec.ExitError
	if err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// waitFor polls until ok.
func waitFor(t *testing.T, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come within %v", what, limit)
		}
	}
}

// measured waits until the session below out has taken in n samples.
func measured(t *testing.T, out string, n uint64) {
	t.Helper()
	waitFor(t, fmt.Sprint(n, " samples"), 2*time.Minute, func() bool {
		m, _ := filepath.Glob(filepath.Join(out, "*", "journal", "accepted"))
		b, err := os.ReadFile(strings.Join(m, ""))
		return err == nil && len(b) >= 8 && endian.NativeEndian.Uint64(b) >= n
	})
}

// sessionDir is the only session folder below out.
func sessionDir(t *testing.T, out string) string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(out, "[0-9]*_[0-9]*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("session folders: %v, %v", dirs, err)
	}
	return dirs[0]
}

type row map[string]string

func readCSV(t *testing.T, path string) []row {
	t.Helper()
	f := must.Get(os.Open(path))(t)
	defer f.Close()
	recs := must.Get(csv.NewReader(f).ReadAll())(t)
	var rows []row
	for _, r := range recs[1:] {
		m := row{}
		for i, h := range recs[0] {
			m[h] = r[i]
		}
		rows = append(rows, m)
	}
	return rows
}

func readJSON(t *testing.T, path string) map[string]any {
	t.Helper()
	b := must.Get(os.ReadFile(path))(t)
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return m
}

func readEvents(t *testing.T, dir string) []map[string]any {
	t.Helper()
	b := must.Get(os.ReadFile(filepath.Join(dir, "events.jsonl")))(t)
	var out []map[string]any
	for line := range strings.Lines(string(b)) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("events.jsonl: %v in %q", err, line)
		}
		out = append(out, m)
	}
	return out
}

// percentile is NumPy's default, written again here on purpose: an
// independent recomputation of what the program wrote.
func percentile(v []float64, p float64) float64 {
	sort.Float64s(v)
	pos := p / 100 * float64(len(v)-1)
	lo := int(math.Floor(pos))
	hi := min(lo+1, len(v)-1)
	return v[lo] + (v[hi]-v[lo])*(pos-float64(lo))
}
