package runner

import (
	"bytes"
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/folder"
)

// BenchmarkIntake takes samples all the way a live session does: lines of the
// worker decoded, joined with their requests, into statistics and the journal
// on disk. The budget is 200,000 samples a second on one core: 5,000 ns/op.
func BenchmarkIntake(b *testing.B) {
	cfg := configs.Default()
	_, dir, err := folder.NewRunID(b.TempDir(), time.Unix(0, 0))
	if err != nil {
		b.Fatal(err)
	}
	w, err := snapshot.Create(dir, folder.NewManifest(cfg, "bench", 1, time.Unix(0, 0)), nil)
	if err != nil {
		b.Fatal(err)
	}
	s, err := NewSession(Options{Config: cfg, Sink: w, Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	s.eng.hello = &protocol.Hello{Credit: 1 << 20}
	s.placeLoaded()
	const rows = 100 // 50 ms of a lane at 2,000 requests a second
	b.ReportAllocs()
	b.ResetTimer()
	b.StopTimer()
	for done := 0; done < b.N; done += 2 * rows {
		in := protocol.NewReader(bytes.NewReader(batchLines(b, s, rows)))
		b.StartTimer()
		for range 2 {
			msg, err := in.Next()
			if err != nil {
				b.Fatal(err)
			}
			s.handle(msg)
		}
		if done%(20*rows) == 0 {
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "samples/s")
	if s.end != nil && s.end.Err != nil {
		b.Fatal(s.end.Err)
	}
}

// placeLoaded puts the session where a worker's loaded line would.
func (s *Session) placeLoaded() {
	s.eng.loaded = &protocol.Loaded{Model: protocol.Model{Kind: "causal-lm"}}
	s.startNs = clock.Monotonic()
	s.rec.coll.NewSegment(0, "variable", false, s.startNs)
	if err := s.enterMode("prefill", s.queue.modes); err != nil {
		panic(err)
	}
}

// batchLines makes the two lines that report rows requests, and puts the
// requests in flight.
func batchLines(b *testing.B, s *Session, rows int) []byte {
	b.Helper()
	var buf bytes.Buffer
	w := protocol.NewWriter(&buf)
	var ids []uint64
	for range rows {
		fl, _ := s.queue.fromPlan(nil)
		fl.left, fl.label, fl.order = 2, "variable", []string{"eager", "optimized"}
		s.join.expect(fl)
		ids = append(ids, fl.id)
	}
	for l, lane := range []string{"eager", "optimized"} {
		m := &protocol.Batch{Lane: lane, Mode: "prefill", Strategy: "variable", Shape: "1x32", Backend: "ort-cpu-" + lane}
		for i, id := range ids {
			t := clock.Monotonic()
			m.Request, m.Order = append(m.Request, id), append(m.Order, l)
			m.StartNs, m.WallNs = append(m.StartNs, t), append(m.WallNs, 1_500_000+int64(id*7919%1_000_000))
			m.CompileNs, m.ExecutedTokens = append(m.CompileNs, 0), append(m.ExecutedTokens, 32)
			m.RunDelayNs, m.MinFlt, m.MajFlt, m.NIvCSw = append(m.RunDelayNs, int64(i)), append(m.MinFlt, 0), append(m.MajFlt, 0), append(m.NIvCSw, 0)
		}
		must.OK(b, w.Send(m))
	}
	return buf.Bytes()
}
