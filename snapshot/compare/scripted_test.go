package compare

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// The engine of these tests is this test binary again: it computes nothing and
// reports, through the protocol, latencies that a script draws, so that the truth
// of whole sessions is known. Its sessions are judged by what their folders say.

func TestMain(m *testing.M) {
	if s := os.Getenv("TAILSCOPE_TEST_SCRIPT"); s != "" {
		scripted(s)
		return
	}
	os.Exit(m.Run())
}

// script says what a scripted engine reports: latencies of 2 ms ± 5 %, times what
// the session does to each lane.
type script struct {
	Seed  uint64
	Lanes [stats.NumLanes]float64 // factors; 0: 1
	Cause string                  // planted in the optimized lane; "": nothing
	Share float64                 // of the requests
	Odd   bool                    // plants oddities instead
	Truth string                  // file that gets the latencies without a cause, ns, or the requests in their order, as JSON
}

// plants say how a cause of so many ns shows in a row.
var plants = map[string]func(b *protocol.Batch, ns int64) (stats.Kind, string){
	"compile": func(b *protocol.Batch, ns int64) (stats.Kind, string) {
		b.CompileNs = []int64{ns}
		return stats.KindRecompile, "compile"
	},
	"stall": func(b *protocol.Batch, ns int64) (stats.Kind, string) { b.RunDelayNs = []int64{ns}; return "", "host" },
	"faults": func(b *protocol.Batch, ns int64) (stats.Kind, string) {
		b.MinFlt, b.MajFlt = []int64{ns / 500}, []int64{0}
		return "", "host"
	},
	"capture":  func(*protocol.Batch, int64) (stats.Kind, string) { return stats.KindGraphCapture, "graph_capture" },
	"fallback": func(*protocol.Batch, int64) (stats.Kind, string) { return stats.KindFallback, "fallback" },
	"throttle": func(*protocol.Batch, int64) (stats.Kind, string) { return stats.KindThrottle, "gpu" },
	"nobody":   func(*protocol.Batch, int64) (stats.Kind, string) { return "", "unexplained" },
}

// scripted serves until it is told to stop.
func scripted(text string) {
	var s script
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		panic(err)
	}
	r := rand.New(rand.NewPCG(s.Seed, 12))
	in, out := protocol.NewReader(os.Stdin), protocol.NewWriter(os.Stdout)
	_ = out.Send(&protocol.Hello{Protocol: protocol.Version, Engine: "scripted", Version: "1", PID: os.Getpid(), ClockNs: clock.Monotonic(), Credit: 64,
		Modes: []string{"prefill"}, Pairings: []string{"interleaved"}, Strategies: map[string][]string{"prefill": {"variable"}}})
	served, others, requests := 0, []int64{}, []uint64{}
	for {
		msg, err := in.Next()
		if err != nil {
			return
		}
		switch m := msg.(type) {
		case *protocol.Load:
			_ = out.Send(&protocol.Loaded{DurNs: 1, Model: protocol.Model{Name: m.Name, Kind: "causal-lm"}, Provider: "cpu", Device: "script",
				Backends: map[string]string{"eager": "e", "optimized": "o"}, Threads: m.Threads})
		case *protocol.Request:
			if s.Odd {
				odd(out, r, m, len(requests))
				requests = append(requests, m.ID)
				continue
			}
			for order, lane := range m.Order {
				l, _ := stats.ParseLane(lane)
				wall := int64(2e6 * math.Exp(.05*r.NormFloat64()) * max(s.Lanes[l], 1e-3))
				b := &protocol.Batch{Lane: lane, Mode: m.Mode, Strategy: "variable", Shape: "1x8", Backend: lane[:1], Request: []uint64{m.ID}, Order: []int{order},
					StartNs: []int64{clock.Monotonic()}, ExecutedTokens: []int{8}}
				if lane == "optimized" && s.Cause != "" && served > 5 && r.Float64() < s.Share {
					ns := int64(20e6 + 20e6*r.Float64())
					if kind, _ := plants[s.Cause](b, ns); kind != "" {
						_ = out.Send(&protocol.Event{TNs: b.StartNs[0], Kind: kind, Lane: lane, Mode: m.Mode, Strategy: "variable", Shape: "1x8", Request: &m.ID, DurNs: ns, Reason: "planted"})
					}
					wall += ns
				} else if lane == "optimized" && !m.Warmup {
					others = append(others, wall)
				}
				b.WallNs = []int64{wall}
				_ = out.Send(b)
			}
			served++
		case *protocol.Flush:
			_ = out.Send(&protocol.Flushed{ID: m.ID})
		case *protocol.Stop:
			if s.writeTruth(others); s.Odd {
				s.writeTruth(requests)
			}
			_ = out.Send(&protocol.Bye{})
			return
		}
	}
}

// session runs a script as a session of so many requests and returns its folder.
func (s script) session(t *testing.T, requests int) string {
	t.Helper()
	cfg := &configs.Config{Engine: "cmd", Provider: "cpu", Model: "scripted", Modes: []string{"prefill"}, Strategy: "variable", EagerInputs: "raw", Pairing: "interleaved",
		Seed: s.Seed, Reps: requests, Warmup: 1, Threads: 1, RecompileLimit: 1 << 20, Compile: "inline", Capture: "off",
		Scenarios: []configs.Scenario{{Name: "a", Prompts: []configs.Prompt{{Tokens: 8}}}}}
	id, dir, err := folder.NewRunID(t.TempDir(), time.Now())
	must.OK(t, err)
	w := must.Get(folder.Create(dir, folder.NewManifest(cfg, id, clock.Monotonic(), time.Now()), nil, folder.Options{}))(t)
	text, _ := json.Marshal(s)
	run := must.Get(runner.NewSession(runner.Options{Config: cfg, RunID: id, Dir: dir, Sink: w,
		Engine: worker.Command{Argv: []string{os.Args[0]}, Env: append(os.Environ(), "TAILSCOPE_TEST_SCRIPT="+string(text))}}))(t)
	if res := run.Run(t.Context()); res.Err != nil {
		t.Fatal(res.Err)
	}
	must.OK(t, w.Finish(folder.End{Reason: "all repetitions done", TNs: clock.Monotonic(), Time: time.Now()}))
	return dir
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	b := must.Get(os.ReadFile(path))(t)
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(path, err)
	}
}

// What is planted in 0.5 to 30 % of a session's requests is found, all of it and
// nothing else, and "p99 without" is the p99 of the others.
func TestPlantedCausesThroughTheProtocol(t *testing.T) {
	shares := []float64{.05}
	if os.Getenv("TAILSCOPE_SLOW") != "" {
		shares = []float64{.005, .02, .05, .3}
	}
	const requests = 4000
	for name, plant := range plants {
		_, cause := plant(&protocol.Batch{}, 1)
		for _, share := range shares {
			t.Run(fmt.Sprintf("%s/%g", name, share), func(t *testing.T) {
				t.Parallel()
				s := script{Seed: uint64(1000 * share), Cause: name, Share: share, Truth: filepath.Join(t.TempDir(), "truth.json")}
				dir := s.session(t, requests)
				var others []int64
				readJSON(t, s.Truth, &others)
				slices.Sort(others)
				want, planted := quantile.Percentile(others, .99), requests-len(others)
				var f stats.SummaryFile
				readJSON(t, filepath.Join(dir, "prefill", "analysis", "summary.json"), &f)
				for _, c := range f.Causes {
					if c.Lane == "optimized" && c.Cause == cause {
						if c.N != planted || math.Abs(1e6*float64(c.P99MsWithout)/want-1) > .05 {
							t.Errorf("%d, p99 without %.3f ms; planted %d, of the others %.3f ms", c.N, float64(c.P99MsWithout), planted, want/1e6)
						}
						return
					}
				}
				t.Errorf("%d planted, not found: %+v", planted, f.Causes)
			})
		}
	}
}

// Three sessions a side of the same thing, which differ by 20 % a lane and by 3 %
// in what the lanes do not share: no row of the comparison claims a change in more
// than 6 % of comparisons, nor does a ratio that is 15 % worse go unseen.
func TestSessionsOfTheSameThroughTheProtocol(t *testing.T) {
	demand.Time(t)
	const comparisons, requests = 80, 120
	var mu sync.Mutex
	claims, found := map[string]int{}, 0
	t.Run("all", func(t *testing.T) {
		for i := range comparisons {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(uint64(i), 6))
				side := func(worse float64) (dirs []string) {
					for k := range 3 {
						e := math.Exp(.2 * r.NormFloat64())
						dirs = append(dirs, script{Seed: uint64(10*i + k), Lanes: [stats.NumLanes]float64{stats.Eager: e, stats.Optimized: e * worse * math.Exp(.03*r.NormFloat64())}}.session(t, requests))
					}
					return dirs
				}
				a := side(1)
				same, err := Results(a, side(1), nil, foreign.Options{})
				must.OK(t, err)
				var worse *Comparison
				if i < 20 {
					if worse, err = Results(a, side(1.15), nil, foreign.Options{}); err != nil {
						t.Fatal(err)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				for _, d := range same.Changes {
					if d.Told() {
						claims[d.Label+"."+d.Quantity]++
					}
				}
				if worse != nil && worse.Changes[0].Told() {
					found++
				}
			})
		}
	})
	t.Logf("of %d comparisons: %v; 15 %% is found in %d of 20", comparisons, claims, found)
	for name, k := range claims {
		if lo, _ := quantile.ClopperPearson(k, comparisons); lo > .06 {
			t.Errorf("%s changes in %d of %d comparisons of the same", name, k, comparisons)
		}
	}
	if found < 12 {
		t.Errorf("15 %% is found in %d of 20 comparisons", found)
	}
}
