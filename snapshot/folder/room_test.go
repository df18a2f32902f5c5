package folder

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// TestRoomIsCheckedBeforehand: on a full disk no file of the folder is begun,
// and the sentence says what helps.
func TestRoomIsCheckedBeforehand(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 300, stats.Prefill)
	freeBytes = func(string) (int64, bool) { return 100_000, true }
	err := w.Finish(testEnd)
	freeBytes = func(string) (int64, bool) { return 1 << 40, true }
	if err == nil || !strings.Contains(err.Error(), "--out") || !strings.Contains(err.Error(), "100.0 kB is left") {
		t.Errorf("finishing on a full disk: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, SamplesName)); err == nil {
		t.Error("files were begun")
	}
	m, err := Recover(dir, "", nil)
	if err != nil || m.Counts.Samples != 600 || m.Exit.Reason != testEnd.Reason {
		t.Fatal(m, err)
	}
}
