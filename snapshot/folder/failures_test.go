package folder

import (
	"fmt"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// TestReasonsAreBounded: an engine that says something else at every failure does
// not fill the memory, and no failure goes uncounted.
func TestReasonsAreBounded(t *testing.T) {
	var f Failures
	for r := range uint64(1000) {
		f.add(&stats.Event{Kind: stats.KindError, Request: &r, Reason: fmt.Sprintf("request %d failed", r)})
	}
	var n uint64
	for _, k := range f {
		n += k
	}
	if len(f) != maxReasons+1 || f["other reasons"] != 1000-maxReasons || n != 1000 {
		t.Errorf("%d reasons of %d failures, %d of them others", len(f), n, f["other reasons"])
	}
}
