//go:build unix

package journal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// TestACountThatIsCutShort: whoever empties the file of the count, which is
// mapped into memory, does not end the session: a write to such a page is a
// signal of the kernel's.
func TestACountThatIsCutShort(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 100, stats.Prefill)
	must.OK(t, os.Truncate(filepath.Join(dir, counterName), 0))
	made.Fill(t, w, 100, stats.Prefill)
	must.OK(t, w.Flush())
	if n := w.Accepted(); n != 400 {
		t.Errorf("%d samples were taken in, want 400", n)
	}
}
