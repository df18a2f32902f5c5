package folder

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/snapshot/journal"
)

// TestNoPathLeavesItsFolder covers names that come from files.
func TestNoPathLeavesItsFolder(t *testing.T) {
	for _, s := range []string{"../../etc/passwd", "/etc", "", ".", "..", "a/b", "\x00", strings.Repeat("x", 500), ".hidden"} {
		if w := PathWord(s); !filepath.IsLocal(w) || w != filepath.Base(w) || w == "." || w[0] == '.' || len(w) > 100 {
			t.Errorf("%q became %q", s, w)
		}
	}
}

// TestLeastDiskHoldsASession: a bound that the configuration allows takes
// some hundred samples at least.
func TestLeastDiskHoldsASession(t *testing.T) {
	if n := estimate(64<<10, 1000); n >= configs.MinDiskBytes {
		t.Errorf("a session of 1,000 samples may take %s, the least bound is %s", journal.FormatBytes(n), journal.FormatBytes(configs.MinDiskBytes))
	}
}
