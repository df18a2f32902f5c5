package snapshot

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// TestReaderRefusesNamesItDoesNotKnow puts a row with an unknown mode first
// and between good ones: the names of the row before must not stand in for it.
func TestReaderRefusesNamesItDoesNotKnow(t *testing.T) {
	for bad := range 3 {
		dir := t.TempDir()
		f, err := newSamplesFile(dir, "x.parquet")
		if err != nil {
			t.Fatal(err)
		}
		ts := newTestSession(1)
		for i := range 3 {
			s := ts.sample(uint64(i), stats.Lane(i%2), stats.KVDecode)
			if i == bad {
				s.Mode = 9
			}
			if err := f.add(s); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.close(); err != nil {
			t.Fatal(err)
		}
		r, err := openSamples(filepath.Join(dir, "x.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		var s stats.Sample
		for i := range 3 {
			err := r.next(&s)
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
