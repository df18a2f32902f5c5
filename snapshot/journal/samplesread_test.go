package journal

import (
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// TestReaderRefusesNamesItDoesNotKnow puts a row with an unknown mode first
// and between good ones: the names of the row before must not stand in for it.
func TestReaderRefusesNamesItDoesNotKnow(t *testing.T) {
	for bad := range 3 {
		dir := must.Get(door.Open(t.TempDir()))(t)
		f := must.Get(NewSamplesFile(dir, "x.parquet"))(t)
		ts := made.New(1)
		for i := range 3 {
			s := ts.Sample(uint64(i), stats.Lane(i%2), stats.KVDecode)
			if i == bad {
				s.Mode = 9
			}
			must.OK(t, f.Add(s))
		}
		must.OK(t, f.Close())
		r := must.Get(OpenSamples(dir, "x.parquet"))(t)
		defer r.Close()
		var s stats.Sample
		for i := range 3 {
			err := r.Next(&s)
			if i == bad {
				if err == nil || !strings.Contains(err.Error(), "unknown mode") {
					t.Errorf("row %d: %+v, %v", i, s, err)
				}
				continue
			}
			if err != nil || s.Seq != uint64(i) || s.Lane != stats.Lane(i%2) || s.Mode != stats.KVDecode {
				t.Errorf("row %d: %+v, %v", i, s, err)
			}
		}
	}
}
