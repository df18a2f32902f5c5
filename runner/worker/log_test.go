package worker

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A flood of stderr keeps its first and its newest lines and the disk.
func TestTheLogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker.log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	l := NewLog(f, 64<<10)
	if _, err := l.Write([]byte("the first line\n")); err != nil {
		t.Fatal(err)
	}
	flood := bytes.Repeat([]byte(strings.Repeat("x", 199)+"\n"), 500)
	for range 200 { // 20 MB
		if n, err := l.Write(flood); n != len(flood) || err != nil {
			t.Fatal(n, err)
		}
	}
	if _, err := l.Write([]byte("the last line\n")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
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
