package replay

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/live"
)

// record writes a session of n pairs, one each 10 ms, with a compile in every
// tenth, and a toggle in the middle. It is left unfinished when live is set.
func record(t *testing.T, n int, live bool) *folder.Session {
	t.Helper()
	cfg := configs.Default()
	_, dir, err := folder.NewRunID(t.TempDir(), time.Unix(0, 0))
	must.OK(t, err)
	w := must.Get(snapshot.Create(dir, folder.NewManifest(cfg, "20260101_000000", 1_000_000_000, time.Unix(0, 0)), nil))(t)
	must := func(err error) {
		t.Helper()
		must.OK(t, err)
	}
	must(w.Loaded(protocol.Loaded{Model: protocol.Model{Name: "m", Kind: "causal-lm"}, Provider: "cpu", Backends: map[string]string{"eager": "e", "optimized": "o"}}))
	seq := uint64(0)
	for i := range n {
		at := int64(1_000_000_000 + i*10_000_000)
		seg, strategy := int32(0), "variable"
		if i >= n/2 {
			seg, strategy = 1, "padded"
		}
		if i == n/2 {
			must(w.Event(&stats.Event{TNs: at, Kind: stats.KindSegment, Segment: 1, Strategy: strategy, Reason: "segment 1 starts: padded",
				Extra: map[string]any{"label": "padded", "strategy": "padded", "aa": false}}))
		}
		for lane := range stats.Lane(stats.NumLanes) {
			s := stats.Sample{Seq: seq, Request: uint64(i + 1), Segment: seg, NthInRun: int32(i), Lane: lane, Mode: stats.Prefill, Strategy: strategy,
				Scenario: "chat", Backend: "b", Shape: "1x8", Batch: 1, Tokens: 8, ExecutedTokens: 8, StartNs: at, WallNs: int64(1_000_000 * (i%7 + 1)),
				DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent, RunDelayNs: stats.Absent, MinFlt: stats.Absent, MajFlt: stats.Absent, NIvCSw: stats.Absent}
			if lane == stats.Optimized && i%10 == 0 {
				id := s.Request
				s.CompileNs, s.Flags = 500_000, stats.FlagRecompile
				must(w.Event(&stats.Event{TNs: at, Kind: stats.KindRecompile, Segment: seg, Lane: "optimized", Mode: "prefill", Strategy: strategy,
					Shape: fmt.Sprintf("1x%d", i), Request: &id, DurNs: 500_000, Reason: "new shape"}))
			}
			must(w.Sample(&s, nil, nil))
			seq++
		}
	}
	must(w.Flush())
	if !live {
		must(w.Finish(folder.End{Reason: "all repetitions done", TNs: int64(1_000_000_000 + n*10_000_000), Time: time.Unix(int64(n/100), 0)}))
	}
	rec, err := snapshot.Open(dir)
	must(err)
	return rec
}

func player(t *testing.T, rec *folder.Session) *Player {
	t.Helper()
	p := must.Get(New(rec, make(chan view.View, 1), nil))(t)
	t.Cleanup(func() { p.cursor.stop() })
	return p
}

func (p *Player) at(d time.Duration) view.View {
	p.seek(int64(d))
	p.publish()
	return <-p.views
}

// TestAnyInstantIsWhatTheSessionKnew checks counts at positions reached
// forwards and backwards, for finished folders and for journals.
func TestAnyInstantIsWhatTheSessionKnew(t *testing.T) {
	for _, live := range []bool{false, true} {
		t.Run(fmt.Sprintf("journal %v", live), func(t *testing.T) {
			p := player(t, record(t, 200, live))
			for _, step := range []struct {
				at       time.Duration
				pairs    int
				segment  int32
				compiles int
				strategy string
			}{
				{995 * time.Millisecond, 100, 0, 10, "variable"}, // pair i ends at 10 i + i%7 + 1 ms
				{1992 * time.Millisecond, 199, 1, 10, "padded"},
				{505 * time.Millisecond, 51, 0, 6, "variable"},
				{2100 * time.Millisecond, 200, 1, 10, "padded"},
				{0, 0, 0, 1, "variable"},
			} {
				v := p.at(step.at)
				if v.Stats.Total[stats.Eager] != step.pairs {
					t.Errorf("at %v: %d pairs, want %d", step.at, v.Stats.Total[stats.Eager], step.pairs)
				}
				if step.pairs == 0 {
					continue
				}
				if v.Session.Segment != step.segment || v.Session.Strategy != step.strategy {
					t.Errorf("at %v: segment %d, %s", step.at, v.Session.Segment, v.Session.Strategy)
				}
				if got := v.Lanes[stats.Optimized].Compiles; got != step.compiles {
					t.Errorf("at %v: %d compiles, want %d", step.at, got, step.compiles)
				}
			}
		})
	}
}

// TestReplayShowsTheLiveFigures compares the end of a replay with a collector
// that saw the samples live.
func TestReplayShowsTheLiveFigures(t *testing.T) {
	rec := record(t, 300, false)
	coll := live.New(live.Options{})
	coll.NewSegment(0, "variable", false, 0)
	must.Get(rec.Records(func(r *journal.Record) error {
		if r.Kind == journal.KindSample {
			if r.Sample.Segment == 1 && r.Sample.Seq == 300 {
				coll.NewSegment(1, "padded", false, r.Sample.StartNs)
			}
			coll.Add(&r.Sample)
		}
		return nil
	}))(t)
	want := coll.Live(stats.Prefill, 0)
	p := player(t, rec)
	got := p.at(time.Hour)
	for l := range want.Lanes {
		a, b := want.Lanes[l].Session, got.Stats.Lanes[l].Session
		if a.N != b.N || a.P50.Value != b.P50.Value || a.P99.Value != b.P99.Value || math.Abs(a.Mean-b.Mean) > 1e-9*a.Mean {
			t.Errorf("lane %d: live n %d p50 %v p99 %v mean %v, replay n %d p50 %v p99 %v mean %v", l, a.N, a.P50.Value, a.P99.Value, a.Mean, b.N, b.P50.Value, b.P99.Value, b.Mean)
		}
	}
	if got.Phase != view.PhaseDone || len(got.Stats.Segments) != 2 {
		t.Errorf("phase %v, %d segments", got.Phase, len(got.Stats.Segments))
	}
}

// TestInstantsThatCannotBe: events and samples years away, as a stranger's folder
// may have them, move neither the beginning nor the end.
func TestInstantsThatCannotBe(t *testing.T) {
	path := t.TempDir()
	w := must.Get(snapshot.Create(path, folder.NewManifest(configs.Default(), "20260101_000000", 1_000_000_000, time.Unix(0, 0)), nil))(t)
	for i := range int64(50) {
		s := stats.Sample{Seq: uint64(i), Request: uint64(i), Lane: stats.Eager, Mode: stats.Prefill, Shape: "s", StartNs: 1_000_000_000 + i*10_000_000, WallNs: 1_000_000}
		if i == 0 || i == 30 {
			s.StartNs = (i - 15) << 57
		}
		must.OK(t, w.Sample(&s, nil, nil))
		must.OK(t, w.Event(&stats.Event{TNs: (2*i - 49) << 55, Kind: stats.KindMark, Reason: "years away"}))
	}
	must.OK(t, w.Flush())
	p := must.Get(New(must.Get(snapshot.Open(path))(t), nil, nil))(t)
	if p.startNs != 1_000_000_000 || p.lenNs != 491_000_000 {
		t.Errorf("from %d on, %d long", p.startNs, p.lenNs)
	}
	must.OK(t, w.Finish(folder.End{Reason: "test"}))
}

func TestNothingToReplay(t *testing.T) {
	rec := record(t, 0, true)
	if _, err := New(rec, make(chan view.View, 1), nil); err == nil {
		t.Fatal("an empty session was replayed")
	}
}

// TestImportedLabelsStandInTheLanes replays another tool's result: each lane
// carries its label, and none is said to be compiled or not.
func TestImportedLabelsStandInTheLanes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hyperfine.json")
	must.OK(t, os.WriteFile(path, []byte(`{"results":[{"command":"server --plain","times":[0.2,0.21]},{"command":"server --compile","times":[0.1,0.11,0.12]}]}`), 0o600))
	rec := must.Get(snapshot.Open(path))(t)
	v := player(t, rec).at(time.Hour)
	for l, want := range []string{"server --plain", "server --compile"} {
		if got := v.Lanes[l]; got.Label != want || got.CompilerReal != "unknown" || got.Why == "" {
			t.Errorf("lane %d: %+v", l, got)
		}
	}
	if a, b := v.Stats.Lanes[0].Session, v.Stats.Lanes[1].Session; a.N != 2 || b.N != 3 || b.P50.Value != 110e6 {
		t.Errorf("%d and %d samples, median %v", a.N, b.N, b.P50.Value)
	}
}
