package journal

import (
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// marked are samples of which each has another column set to what no other
// sample has there.
func marked(t *testing.T) (out []stats.Sample) {
	t.Helper()
	words := map[string]string{"mode": "e2e_kv", "lane": "optimized", "status": "error", "cause": "host"}
	for _, c := range stats.Columns {
		s := stats.Unknown()
		switch {
		case c.Type == stats.Bool || c.Name == "order":
			c.Set(&s, 1)
		case c.Type != stats.Text:
			c.Set(&s, 42)
		default:
			word, ok := words[c.Name]
			if !ok {
				word = "some " + c.Name
			}
			must.OK(t, c.SetText(&s, word))
		}
		out = append(out, s)
	}
	return out
}

// TestJournalHasTheColumns: the journal's codec is written by hand, and has
// every column of the table.
func TestJournalHasTheColumns(t *testing.T) {
	want := marked(t)
	enc := newFrameEncoder()
	for i := range want {
		enc.sample(&want[i], nil, nil)
	}
	var dec frameDecoder
	dec.reset(enc.seal()[frameHeader:], enc.first)
	var r Record
	for i, c := range stats.Columns {
		if ok, err := dec.next(&r); !ok || err != nil || r.Sample != want[i] {
			t.Errorf("%s: %v %v\n%+v, want\n%+v", c.Name, ok, err, r.Sample, want[i])
		}
	}
}

// TestParquetHasTheColumns: so has samples.parquet.
func TestParquetHasTheColumns(t *testing.T) {
	dir := must.Get(door.Open(t.TempDir()))(t)
	f := must.Get(NewSamplesFile(dir, "x.parquet"))(t)
	want := marked(t)
	for i := range want {
		must.OK(t, f.Add(&want[i]))
	}
	must.OK(t, f.Close())
	r := must.Get(OpenSamples(dir, "x.parquet"))(t)
	defer r.Close()
	var s stats.Sample
	for i, c := range stats.Columns {
		if err := r.Next(&s); err != nil || s != want[i] {
			t.Errorf("%s: %v\n%+v, want\n%+v", c.Name, err, s, want[i])
		}
	}
}
