package journal

import (
	"strings"
	"testing"

	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// TestReaderRefusesNamesItDoesNotKnow puts a row with an unknown mode first
// and between good ones: the names of the row before must not stand in for it.
func TestReaderRefusesNamesItDoesNotKnow(t *testing.T) {
	for bad := range 3 {
		dir, err := door.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		f, err := NewSamplesFile(dir, "x.parquet")
		if err != nil {
			t.Fatal(err)
		}
		ts := made.New(1)
		for i := range 3 {
			s := ts.Sample(uint64(i), stats.Lane(i%2), stats.KVDecode)
			if i == bad {
				s.Mode = 9
			}
			if err := f.Add(s); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := OpenSamples(dir, "x.parquet")
		if err != nil {
			t.Fatal(err)
		}
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
