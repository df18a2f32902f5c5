package snapshot

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/stats"
)

// samplesOf reads all samples and kinds of other records of a session.
func samplesOf(t testing.TB, dir string) ([]stats.Sample, map[Kind]int) {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []stats.Sample
	kinds := map[Kind]int{}
	_, err = s.Records(func(r *Record) error {
		kinds[r.Kind]++
		if r.Kind == KindSample {
			s := r.Sample
			s.Cause = stats.CauseNone // the journal does not know it yet
			out = append(out, s)
			kinds['s'] += len(r.Steps)
			kinds['k'] += len(r.KV)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, kinds
}

// TestFolderGivesTheSameNumbersAgain writes a folder, reads it, writes another
// from what was read, and compares every file with numbers.
func TestFolderGivesTheSameNumbersAgain(t *testing.T) {
	for _, mode := range []stats.Mode{stats.Prefill, stats.KVDecode} {
		t.Run(mode.String(), func(t *testing.T) {
			w, dir := create(t)
			want := fill(t, w, 400, mode)
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			running, runningKinds := samplesOf(t, dir)
			exported, err := w.Export()
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Finish(testEnd); err != nil {
				t.Fatal(err)
			}
			finished, kinds := samplesOf(t, dir)
			copied, _ := samplesOf(t, exported)
			for name, got := range map[string][]stats.Sample{"journal": running, "finished": finished, "export": copied} {
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("%s: %s", name, d)
				}
			}
			delete(kinds, KindEnd)
			if d := cmp.Diff(runningKinds, kinds); d != "" {
				t.Fatal(d)
			}
			again := filepath.Join(t.TempDir(), filepath.Base(dir))
			if err := os.Mkdir(again, 0o755); err != nil {
				t.Fatal(err)
			}
			s, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := writeFolder(again, s.src, *s.Manifest, []byte("name: test\n")); err != nil {
				t.Fatal(err)
			}
			for _, f := range s.Manifest.Files {
				if filepath.Ext(f) == ".parquet" {
					continue // compared above, row by row
				}
				if d := cmp.Diff(read(t, dir, f), read(t, again, f)); d != "" {
					t.Errorf("%s: %s", f, d)
				}
			}
		})
	}
}

func read(t testing.TB, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAnySampleSurvivesTheJournal encodes arbitrary samples.
func TestAnySampleSurvivesTheJournal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i64 := rapid.Int64()
		i32 := rapid.Int32()
		str := rapid.SampledFrom([]string{"", "a", "1x64", "prefill=padded,decode=eager", "\x00ü\n"})
		enc := newFrameEncoder()
		var want []stats.Sample
		n := rapid.IntRange(1, 20).Draw(t, "n")
		var steps [][]int64
		for range n {
			s := stats.Sample{Seq: rapid.Uint64().Draw(t, "seq"), Request: rapid.Uint64().Draw(t, "req"), Generation: i32.Draw(t, ""),
				Segment: i32.Draw(t, ""), NthInRun: i32.Draw(t, ""), Prompt: i32.Draw(t, ""), Order: uint8(rapid.IntRange(0, 1).Draw(t, "")),
				Lane: stats.Lane(rapid.IntRange(0, 1).Draw(t, "")), Mode: stats.Mode(rapid.IntRange(0, 3).Draw(t, "")),
				Warmup: rapid.Bool().Draw(t, ""), Failed: rapid.Bool().Draw(t, ""), Flags: stats.Flag(rapid.Uint16().Draw(t, "")),
				Strategy: str.Draw(t, ""), Scenario: str.Draw(t, ""), Backend: str.Draw(t, ""), Shape: str.Draw(t, ""),
				Batch: i32.Draw(t, ""), Tokens: i32.Draw(t, ""), ExecutedTokens: i32.Draw(t, ""), NewTokens: i32.Draw(t, ""), KVTokens: i32.Draw(t, ""),
				StartNs: i64.Draw(t, ""), WallNs: i64.Draw(t, ""), DeviceNs: i64.Draw(t, ""), ResponseNs: i64.Draw(t, ""),
				CompileNs: i64.Draw(t, ""), TTFTNs: i64.Draw(t, ""), RunDelayNs: i64.Draw(t, ""), MinFlt: i64.Draw(t, ""),
				MajFlt: i64.Draw(t, ""), NIvCSw: i64.Draw(t, "")}
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
