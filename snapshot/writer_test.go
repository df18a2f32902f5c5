package snapshot

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// testSession makes a plausible session: two lanes, two scenarios, warm-ups,
// compiles, a failure, decode steps.
type testSession struct {
	rng *rand.Rand
	seq uint64
	now int64
}

func newTestSession(seed uint64) *testSession {
	return &testSession{rng: rand.New(rand.NewPCG(seed, 1)), now: 5_000_000_000}
}

func (t *testSession) sample(request uint64, lane stats.Lane, mode stats.Mode) *stats.Sample {
	tokens := int32(8 + request%13)
	wall := int64(1e6 * math.Exp(0.2*t.rng.NormFloat64()))
	if lane == stats.Optimized {
		wall /= 2
	}
	s := &stats.Sample{Seq: t.seq, Request: request, NthInRun: int32(request), Prompt: int32(request % 2), Order: uint8(t.seq % 2),
		Lane: lane, Mode: mode, Warmup: request < 4, Strategy: "variable", Scenario: fmt.Sprintf("s%d", request%2),
		Backend: "ort-cpu-" + lane.String(), Shape: fmt.Sprintf("1x%d", tokens), Batch: 1, Tokens: tokens, ExecutedTokens: tokens,
		StartNs: t.now, WallNs: wall, DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent,
		RunDelayNs: int64(t.rng.IntN(4000)), MinFlt: int64(t.rng.IntN(3)), MajFlt: 0, NIvCSw: stats.Absent}
	if lane == stats.Optimized && request < 13 {
		s.Flags |= stats.FlagRecompile | stats.FlagShapeNew
		s.CompileNs = 20e6
		s.WallNs += 20e6
	}
	s.Failed = request == 50 && lane == stats.Eager
	t.seq++
	t.now += s.WallNs + 10_000
	return s
}

func testManifest(dir string) Manifest {
	c := &configs.Config{Name: "test", Engine: "ort", Provider: "auto", Model: "builtin:tiny-gpt2", Modes: []string{"prefill"},
		Strategy: "variable", EagerInputs: "same", Pairing: "interleaved", Seed: 7, RecompileLimit: 8, Batch: 1}
	return NewManifest(c, filepath.Base(dir), 4_999_000_000, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
}

// fill writes n requests of both lanes and returns the samples.
func fill(t testing.TB, w *Writer, n int, mode stats.Mode) []stats.Sample {
	t.Helper()
	ts := newTestSession(3)
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
			s := ts.sample(r, lane, mode)
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
	check(w.GPU(gpu.State{TNs: ts.now, Why: "no driver"}))
	return out
}

func create(t testing.TB) (*Writer, string) {
	t.Helper()
	_, dir, err := NewRunID(t.TempDir(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	w, err := Create(dir, testManifest(dir), []byte("name: test\n"))
	if err != nil {
		t.Fatal(err)
	}
	return w, dir
}

var testEnd = End{Reason: "all repetitions done", TNs: 9e9, Time: time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC)}

func TestNewRunIDIsUniqueWithinASecond(t *testing.T) {
	out, now := filepath.Join(t.TempDir(), "a", "b"), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, want := range []string{"20260102_030405", "20260102_030405_2", "20260102_030405_3"} {
		id, dir, err := NewRunID(out, now)
		if err != nil || id != want || filepath.Base(dir) != want {
			t.Fatalf("NewRunID = %q, %q, %v; want %q", id, dir, err, want)
		}
	}
}

func TestNewRunIDSaysOneSentenceForAFileInTheWay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := NewRunID(filepath.Join(file, "runs"), time.Now())
	if err == nil {
		t.Fatal("no error for a folder below a file")
	}
	t.Log(err)
}

// TestSummaryEqualsWhatMetricsCSVSays recomputes quantiles of summary.json
// from the text of metrics.csv.
func TestSummaryEqualsWhatMetricsCSVSays(t *testing.T) {
	w, dir := create(t)
	want := fill(t, w, 500, stats.Prefill)
	if err := w.Finish(testEnd); err != nil {
		t.Fatal(err)
	}
	rows := readCSV(t, filepath.Join(dir, "prefill", "metrics.csv"))
	if len(rows) != len(want) {
		t.Fatalf("%d rows, %d samples", len(rows), len(want))
	}
	byLane := map[string][]float64{}
	for i, r := range rows {
		if r["seq"] != strconv.FormatUint(want[i].Seq, 10) {
			t.Fatalf("row %d has seq %s", i, r["seq"])
		}
		if r["is_warmup"] == "false" && r["status"] == "ok" {
			v, err := strconv.ParseFloat(r["latency_ms"], 64)
			if err != nil {
				t.Fatal(err)
			}
			byLane[r["lane"]] = append(byLane[r["lane"]], v)
		}
	}
	var sum stats.SummaryFile
	b, err := os.ReadFile(filepath.Join(dir, "prefill", "analysis", "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &sum); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, g := range sum.Groups {
		if g.Scenario != "*" || g.Segment != "*" {
			continue
		}
		found++
		v := byLane[g.Lane]
		slices.Sort(v)
		if len(v) != g.N {
			t.Fatalf("%s: n %d, csv %d", g.Lane, g.N, len(v))
		}
		for q, got := range map[float64]stats.Num{0.5: g.P50Ms, 0.95: g.P95Ms, 0.99: g.P99Ms, 1: g.MaxMs} {
			if x := quantile.Percentile(v, q); math.Abs(float64(got)-x) > 1e-9*x {
				t.Errorf("%s q%v: summary %v, csv %v", g.Lane, q, got, x)
			}
		}
	}
	if found != 2 {
		t.Fatalf("%d lanes in the summary", found)
	}
}

func readCSV(t testing.TB, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range all[1:] {
		m := map[string]string{}
		for i, k := range all[0] {
			m[k] = r[i]
		}
		out = append(out, m)
	}
	return out
}

func TestJournalGivesBackWhatItTook(t *testing.T) {
	w, dir := create(t)
	want := fill(t, w, 300, stats.KVDecode)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	var got []stats.Sample
	src, err := openJournal(filepath.Join(dir, journalDir))
	if err != nil {
		t.Fatal(err)
	}
	damage, err := src.records(func(r *Record) error {
		if r.Kind == KindSample {
			if len(r.Steps) != 4 || len(r.KV) != 4 || r.Steps[3] != r.Sample.WallNs/4+3 || r.KV[3] != r.Sample.Tokens+3 {
				return fmt.Errorf("steps %v %v", r.Steps, r.KV)
			}
			got = append(got, r.Sample)
		}
		return nil
	})
	if err != nil || damage != (Damage{}) {
		t.Fatal(err, damage)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}
