package textio

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// A file of 16 bytes whose end claims a footer of 3.9 GiB costs no memory.
func TestAFooterIsNoLargerThanItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	b := binary.LittleEndian.AppendUint32([]byte("PAR1...."), 0xf8<<24)
	must.OK(t, os.WriteFile(path, append(b, "PAR1"...), 0o600))
	f := must.Get(os.Open(path))(t)
	t.Cleanup(func() { must.OK(t, f.Close()) })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := OpenParquet(f)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; err == nil || n > 1<<20 {
		t.Errorf("%v after %d bytes", err, n)
	}
}
