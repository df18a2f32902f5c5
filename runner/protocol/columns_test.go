package protocol

import (
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats/column"
)

// TestBatchHasTheColumns: what the table says an engine sends is a column of a
// batch.
func TestBatchHasTheColumns(t *testing.T) {
	for _, c := range column.Table {
		if c.Wire != "" && !slices.ContainsFunc(batchColumns, func(b batchColumn) bool { return b.name == c.Wire }) {
			t.Errorf("%s: a batch has no column %q", c.Name, c.Wire)
		}
	}
}
