package made

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Sink takes a session in.
type Sink interface {
	Loaded(protocol.Loaded) error
	Event(*stats.Event) error
	Sample(s *stats.Sample, steps []int64, kv []int32) error
	Counters(protocol.Counters) error
	Evidence(protocol.Evidence) error
	GPU(gpu.State) error
	Flush() error
}

// Session makes samples one after the other.
type Session struct {
	rng *rand.Rand
	Seq uint64
	Now int64 // CLOCK_MONOTONIC, ns
}

// New starts a session; equal seeds make equal ones.
func New(seed uint64) *Session {
	return &Session{rng: rand.New(rand.NewPCG(seed, 1)), Now: 5_000_000_000}
}

// Sample is the next sample, of one lane of a request.
func (t *Session) Sample(request uint64, lane stats.Lane, mode stats.Mode) *stats.Sample {
	tokens := int32(8 + request%13)
	wall := int64(1e6 * math.Exp(0.2*t.rng.NormFloat64()))
	if lane == stats.Optimized {
		wall /= 2
	}
	s := stats.Unknown()
	s.Seq, s.Request, s.NthInRun, s.Prompt, s.Order = t.Seq, request, int32(request), int32(request%2), uint8(t.Seq%2)
	s.Lane, s.Mode, s.Warmup, s.Strategy = lane, mode, request < 4, "variable"
	s.Scenario, s.Backend, s.Shape = fmt.Sprintf("s%d", request%2), "ort-cpu-"+lane.String(), fmt.Sprintf("1x%d", tokens)
	s.Batch, s.Tokens, s.ExecutedTokens, s.StartNs, s.WallNs = 1, tokens, tokens, t.Now, wall
	s.RunDelayNs, s.MinFlt, s.MajFlt = int64(t.rng.IntN(4000)), int64(t.rng.IntN(3)), 0
	if lane == stats.Optimized && request < 13 {
		s.Flags |= stats.FlagRecompile | stats.FlagShapeNew
		s.CompileNs = 20e6
		s.WallNs += 20e6
	}
	s.Failed = request == 50 && lane == stats.Eager
	t.Seq++
	t.Now += s.WallNs + 10_000
	return &s
}

// Fill writes n requests of both lanes of a new session and returns the samples.
func Fill(t testing.TB, w Sink, n int, mode stats.Mode) []stats.Sample {
	t.Helper()
	return New(3).Fill(t, w, n, mode)
}

// Fill writes the session's next n requests of both lanes, and returns the samples.
func (ts *Session) Fill(t testing.TB, w Sink, n int, mode stats.Mode) []stats.Sample {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	check(w.Loaded(protocol.Loaded{T: "loaded", ProviderAsked: "auto", Provider: "cpu", Device: "test CPU", Threads: 1,
		Model:    protocol.Model{Name: "builtin:tiny-gpt2", DType: "float32", SHA256: "00"},
		Backends: map[string]string{"eager": "ort-cpu-eager", "optimized": "ort-cpu-optimized"}}))
	var out []stats.Sample
	for r := range uint64(n) {
		for lane := range stats.Lane(stats.NumLanes) {
			s := ts.Sample(r, lane, mode)
			if s.CompileNs > 0 {
				req := r
				check(w.Event(&stats.Event{TNs: s.StartNs, Kind: stats.KindRecompile, Lane: lane.String(), Mode: mode.String(),
					Strategy: s.Strategy, Shape: s.Shape, Request: &req, DurNs: s.CompileNs, Reason: "no executable for " + s.Shape}))
			}
			var steps []int64
			var kv []int32
			if mode == stats.KVDecode {
				for i := range int32(4) {
					steps = append(steps, s.WallNs/4+int64(i))
					kv = append(kv, s.Tokens+i)
				}
			}
			check(w.Sample(s, steps, kv))
			out = append(out, *s)
		}
	}
	check(w.Counters(protocol.Counters{T: "counters", Groups: []protocol.Counter{{Mode: mode.String(), Strategy: "variable",
		UniqueGraphs: 8, Compiles: 1, Recompiles: 12, RecompileLimit: 8, CompileNs: 13 * 20e6}}}))
	check(w.Evidence(protocol.Evidence{T: "evidence", Lane: "optimized", Mode: mode.String(), Strategy: "variable", Shape: "1x8",
		BackendRequested: "ort-cpu-optimized", BackendActual: "ort-cpu-optimized", CompileNs: 20e6}))
	check(w.GPU(gpu.State{TNs: ts.Now, Why: "no driver"}))
	return out
}

// FillModes writes n requests whose modes alternate, and flushes after every
// fifth.
func FillModes(t testing.TB, w Sink, n int) []stats.Sample {
	t.Helper()
	ts := New(3)
	var out []stats.Sample
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	for r := range uint64(n) {
		mode := []stats.Mode{stats.Prefill, stats.KVDecode}[r/10%2]
		for lane := range stats.Lane(stats.NumLanes) {
			s := ts.Sample(r, lane, mode)
			if s.CompileNs > 0 {
				check(w.Event(&stats.Event{TNs: s.StartNs, Kind: stats.KindRecompile, Lane: lane.String(), Mode: mode.String(),
					Shape: s.Shape, Request: &r, DurNs: s.CompileNs, Reason: "new shape"}))
			}
			var steps []int64
			if mode == stats.KVDecode {
				steps = []int64{s.WallNs / 2, s.WallNs / 3, int64(r)}
			}
			check(w.Sample(s, steps, nil))
			out = append(out, *s)
		}
		if r%5 == 4 {
			check(w.GPU(gpu.State{TNs: ts.Now, Why: "no driver"}))
			check(w.Flush())
		}
	}
	return out
}
