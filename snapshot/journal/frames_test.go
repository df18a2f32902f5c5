package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
	"pgregory.net/rapid"
)

// anySample draws a value for every column.
func anySample(t *rapid.T) (s stats.Sample) {
	words := map[string]*rapid.Generator[string]{"mode": rapid.SampledFrom(stats.ModeNames()), "lane": rapid.SampledFrom([]string{"eager", "optimized"}),
		"status": rapid.SampledFrom([]string{"ok", "error"}), "cause": rapid.Just("")}
	for _, c := range stats.Columns {
		if c.Type != stats.Text {
			c.Set(&s, rapid.Int64().Draw(t, c.Name))
			continue
		}
		g, ok := words[c.Name]
		if !ok {
			g = rapid.SampledFrom([]string{"", "a", "1x64", "prefill=padded,decode=eager", "\x00ü\n"})
		}
		must.OK(t, c.SetText(&s, g.Draw(t, c.Name)))
	}
	return s
}

// TestAnySampleSurvivesTheJournal encodes arbitrary samples.
func TestAnySampleSurvivesTheJournal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i64 := rapid.Int64()
		enc := newFrameEncoder()
		var want []stats.Sample
		n := rapid.IntRange(1, 20).Draw(t, "n")
		var steps [][]int64
		for range n {
			s := anySample(t)
			st := rapid.SliceOfN(i64, 0, 5).Draw(t, "steps")
			enc.sample(&s, st, nil)
			want, steps = append(want, s), append(steps, st)
		}
		var dec frameDecoder
		frame := enc.seal()
		dec.reset(frame[frameHeader:], enc.first)
		var r Record
		for i := range want {
			if ok, err := dec.next(&r); !ok || err != nil {
				t.Fatal(ok, err)
			}
			if r.Sample != want[i] {
				t.Fatalf("%+v\n%+v", want[i], r.Sample)
			}
			if len(r.Steps) != len(steps[i]) {
				t.Fatal(r.Steps, steps[i])
			}
		}
		if ok, err := dec.next(&r); ok || err != nil {
			t.Fatal("records left", ok, err)
		}
	})
}

// TestAnyCutOfAJournalReads cuts a journal at every length, and flips a byte
// at many places: what is whole is read, and the loss is counted.
func TestAnyCutOfAJournalReads(t *testing.T) {
	w, dir := create(t)
	session := made.New(3)
	for i := range 5 {
		session.Fill(t, w, 3+i, stats.KVDecode)
		must.OK(t, w.Flush())
	}
	whole := must.Get(os.ReadFile(filepath.Join(dir, "000001.tsj")))(t)
	count := func(b []byte) (n uint64, d Damage) {
		d, err := eachRecord(bytes.NewReader(b), func(r *Record) error {
			if r.Kind == KindSample {
				n++
			}
			return nil
		})
		if err != nil && len(b) >= len(magic) && bytes.HasPrefix(b, []byte(magic)) {
			t.Fatal(err)
		}
		return n, d
	}
	total, d := count(whole)
	if total != 2*(3+4+5+6+7) || d != (Damage{}) {
		t.Fatal(total, d)
	}
	prev := uint64(0)
	for cut := 0; cut < len(whole); cut += 1 + cut%5 {
		n, d := count(whole[:cut])
		if n < prev || n > total || n < total && d.Torn == false && cut > 8 && d.Bytes != 0 {
			t.Fatalf("cut at %d: %d samples, %+v", cut, n, d)
		}
		prev = n
	}
	for at := len(magic); at < len(whole); at += 11 {
		b := bytes.Clone(whole)
		b[at] ^= 0x40
		if n, d := count(b); n > total || n == total && d.Frames == 0 && d.Bytes == 0 && !d.Torn {
			t.Fatalf("flipped byte %d: %d samples, %+v", at, n, d)
		}
	}
}

// journalOfFour is the first journal segment of a session of four requests.
func journalOfFour(f *testing.F) []byte {
	f.Helper()
	w, dir := create(f)
	made.Fill(f, w, 4, stats.KVDecode)
	must.OK(f, w.Flush())
	return must.Get(os.ReadFile(filepath.Join(dir, "000001.tsj")))(f)
}

func FuzzJournal(f *testing.F) {
	b := journalOfFour(f)
	f.Add(b)
	f.Add(b[:len(b)-5])
	f.Add([]byte(magic))
	kept := later(f) // columns that came later are read, too
	kept[0] = map[string]any{"later_3": int64(5), "later_71": "x"}
	enc, s := newFrameEncoder(), stats.Unknown()
	enc.sample(&s, nil, nil)
	f.Add(enc.seal()[frameHeader:])
	f.Fuzz(func(t *testing.T, b []byte) {
		clear(kept)
		_, _ = eachRecord(bytes.NewReader(b), func(*Record) error { return nil }) // must not panic
		var d frameDecoder
		var r Record
		for d.reset(b, 0); ; {
			if ok, err := d.next(&r); !ok || err != nil {
				return
			}
		}
	})
}
