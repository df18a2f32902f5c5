package journal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"pgregory.net/rapid"
)

// later adds columns to the table's further ones for a test: 70 numbers, of
// which every second may be absent, and two texts. It returns where they are kept,
// by sample and column.
func later(t testing.TB) map[uint64]map[string]any {
	t.Helper()
	kept, was := map[uint64]map[string]any{}, further
	t.Cleanup(func() { further = was })
	keep := func(s *stats.Sample, name string, v any) {
		if kept[s.Seq] == nil {
			kept[s.Seq] = map[string]any{}
		}
		kept[s.Seq][name] = v
	}
	for i := range 72 {
		c := &stats.Column{Name: fmt.Sprintf("later_%d", i), Type: stats.Int64, Absent: i%2 == 0}
		c.Get = func(s *stats.Sample) int64 { v, _ := kept[s.Seq][c.Name].(int64); return v }
		c.Set = func(s *stats.Sample, v int64) { keep(s, c.Name, v) }
		if i >= 70 {
			c.Type, c.Absent = stats.Text, false
			c.Text = func(s *stats.Sample) string { v, _ := kept[s.Seq][c.Name].(string); return v }
			c.SetText = func(s *stats.Sample, v string) error { keep(s, c.Name, v); return nil }
		}
		further = append(further[:len(further):len(further)], c)
	}
	return kept
}

// added are those that later added.
func added() []*stats.Column {
	return slices.DeleteFunc(slices.Clone(further), func(c *stats.Column) bool { return !strings.HasPrefix(c.Name, "later_") })
}

// TestFurtherColumnsSurviveTheJournal: what is added to the table goes
// through the journal with no line of the codec changed, any number of it.
func TestFurtherColumnsSurviveTheJournal(t *testing.T) {
	kept := later(t)
	rapid.Check(t, func(t *rapid.T) {
		clear(kept)
		enc := newFrameEncoder()
		n := rapid.IntRange(1, 12).Draw(t, "n")
		want := make([]map[string]any, n)
		for i := range n {
			s := anySample(t)
			s.Seq, want[i] = uint64(i), map[string]any{}
			for _, c := range added() {
				switch known := rapid.Bool().Draw(t, "known"); {
				case c.Type == stats.Text:
					want[i][c.Name] = rapid.SampledFrom([]string{"", s.Shape, c.Name}).Draw(t, c.Name)
				case known:
					want[i][c.Name] = rapid.Int64().Draw(t, c.Name)
				case c.Absent:
					want[i][c.Name] = stats.Absent
				default:
					want[i][c.Name] = int64(0)
				}
			}
			kept[s.Seq] = want[i]
			enc.sample(&s, []int64{1, 2}, nil)
		}
		clear(kept)
		var dec frameDecoder
		dec.reset(enc.seal()[frameHeader:], enc.first)
		var r Record
		for i := range n {
			if ok, err := dec.next(&r); !ok || err != nil || len(r.Steps) != 2 {
				t.Fatal(ok, err, r.Steps)
			}
			if got := fmt.Sprint(kept[uint64(i)]); got != fmt.Sprint(want[i]) {
				t.Fatalf("sample %d: %v, want %v", i, got, want[i])
			}
		}
		if ok, err := dec.next(&r); ok || err != nil {
			t.Fatal("records left", ok, err)
		}
	})
}

// TestJournalsBeforeAColumn: of a journal that was written without them,
// further columns are absent.
func TestJournalsBeforeAColumn(t *testing.T) {
	enc := newFrameEncoder()
	s := stats.Unknown()
	enc.sample(&s, nil, nil)
	frame := enc.seal()
	kept := later(t)
	var dec frameDecoder
	dec.reset(frame[frameHeader:], enc.first)
	var r Record
	if ok, err := dec.next(&r); !ok || err != nil || r.Sample != s {
		t.Fatal(ok, err, r.Sample)
	}
	for _, c := range added() {
		got, want := kept[0][c.Name], any(int64(0))
		switch {
		case c.Type == stats.Text:
			want = ""
		case c.Absent:
			want = stats.Absent
		}
		if got != want {
			t.Errorf("%s: %v, want %v", c.Name, got, want)
		}
	}
}

// TestJournalOfALaterColumn: a column that this program does not know costs
// its frame, as any other damage.
func TestJournalOfALaterColumn(t *testing.T) {
	var frame []byte
	enc := newFrameEncoder()
	t.Run("written", func(t *testing.T) {
		kept := later(t)
		enc.reset()
		kept[0] = map[string]any{"later_3": int64(5)}
		s := stats.Unknown()
		enc.sample(&s, nil, nil)
		frame = enc.seal()
	})
	var dec frameDecoder
	dec.reset(frame[frameHeader:], 0)
	var r Record
	if ok, err := dec.next(&r); err == nil {
		t.Fatal(ok, r.Sample)
	}
}

// TestFurtherColumnsMayBeAbsent: what older files do not have is nothing else.
func TestFurtherColumnsMayBeAbsent(t *testing.T) {
	for _, c := range further {
		if !c.Absent {
			t.Errorf("%s came after journals and files without it, and cannot be absent", c.Name)
		}
	}
}
