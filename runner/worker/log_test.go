package worker

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// A flood of stderr keeps its first and its newest lines and the disk.
func TestTheLogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker.log")
	f := must.Get(os.Create(path))(t)
	l := NewLog(f, 64<<10)
	must.Get(l.Write([]byte("the first line\n")))(t)
	flood := bytes.Repeat([]byte(strings.Repeat("x", 199)+"\n"), 500)
	for range 200 { // 20 MB
		if n, err := l.Write(flood); n != len(flood) || err != nil {
			t.Fatal(n, err)
		}
	}
	must.Get(l.Write([]byte("the last line\n")))(t)
	must.OK(t, l.Close())
	b, err := os.ReadFile(path)
	if err != nil || len(b) > 66<<10 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	for _, want := range []string{"the first line\n", "tailscope left out ", "the last line\n"} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("%q is not in it", want)
		}
	}
}
