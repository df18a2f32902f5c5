package protocol

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailscope/tailscope/stats"
)

// TestBatchHasTheColumns: what the table says an engine sends goes over the
// wire, whether a batch has a field for it or not, as fast as the rest.
func TestBatchHasTheColumns(t *testing.T) {
	defer func(was []*stats.Column) { Further = was }(Further)
	Further = append(slices.Clone(Further), &stats.Column{Name: "later_ns", Wire: "later_ns"})
	for _, c := range append(slices.Clone(stats.Columns), Further...) {
		if c.Wire == "" {
			continue
		}
		line := `{"t":"batch","lane":"eager","` + c.Wire + `":[3]}`
		fast := parseBatch([]byte(line))
		slow, err := plain([]byte(line))
		if err != nil || fast == nil {
			t.Fatalf("%s: %v %v", c.Wire, fast, err)
		}
		if diff := cmp.Diff(slow, fast); diff != "" {
			t.Errorf("%s: %s", c.Wire, diff)
		}
		if again := string(appendBatch(nil, fast)); !strings.Contains(again, `"`+c.Wire+`":[3]`) {
			t.Errorf("%s is lost: %s", c.Wire, again)
		}
	}
	for _, bad := range []string{`{"t":"batch","request":[1],"order":[0],"start_ns":[1],"wall_ns":[1],"later_ns":[1,2]}`,
		`{"t":"batch","request":[1],"order":[0],"start_ns":[1],"wall_ns":[1],"later_ns":["x"]}`} {
		if b, err := Decode([]byte(bad)); err == nil {
			t.Errorf("%s: %v", bad, b)
		}
	}
}
