package startup

import (
	"testing"

	"github.com/tailscope/tailscope/stats"
)

func sample(lane stats.Lane, start, wall int64, f stats.Flag) *stats.Sample {
	return &stats.Sample{Lane: lane, StartNs: start, WallNs: wall, Flags: f, TTFTNs: stats.Absent, CompileNs: wall / 2 * int64(min(f&(stats.FlagCompile|stats.FlagRecompile), 1))}
}

// A start lasts until the last request that made something was served; requests
// between such ones do not end it, and other lanes and workers are not looked at.
func TestSteadyAfterTheLastThatMade(t *testing.T) {
	s := New(stats.Optimized)
	s.Sample(sample(stats.Optimized, 50, 10, 0)) // before the model is there
	s.Loaded(&stats.Event{TNs: 1000, DurNs: 500})
	s.Sample(sample(stats.Eager, 1500, 10, 0))
	first := sample(stats.Optimized, 1600, 400, stats.FlagCompile)
	first.TTFTNs = 100
	s.Sample(first)
	s.Sample(sample(stats.Optimized, 2000, 10, 0))
	s.Sample(sample(stats.Optimized, 2100, 100, stats.FlagCapture))
	if got, _ := s.Times(); got.Steady {
		t.Error("steady, though the last request recorded a graph")
	}
	s.Sample(sample(stats.Optimized, 2300, 10, stats.FlagShapeNew))
	again := sample(stats.Optimized, 9000, 400, stats.FlagCompile)
	again.Generation = 1
	s.Sample(again)
	s.Loaded(&stats.Event{TNs: 8000, DurNs: 100})
	got, ok := s.Times()
	want := Times{LoadNs: 500, FirstNs: 600, SteadyNs: 1010, Compile: 0, Made: 2, Steady: true, Served: 4}
	want.Compile = first.CompileNs
	if !ok || got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A lane that makes nothing is steady with its first request.
func TestEagerIsSteadyAtOnce(t *testing.T) {
	s := New(stats.Eager)
	s.Loaded(&stats.Event{TNs: 100, DurNs: 50})
	for i := range int64(3) {
		s.Sample(sample(stats.Eager, 200+20*i, 10, 0))
	}
	if got, ok := s.Times(); !ok || got.FirstNs != 60 || got.SteadyNs != 60 || got.Made != 0 {
		t.Errorf("%+v %v", got, ok)
	}
	failed := sample(stats.Eager, 1, 1, 0)
	failed.Failed = true
	none := New(stats.Eager)
	none.Loaded(&stats.Event{TNs: 100, DurNs: 50})
	none.Sample(failed)
	if _, ok := none.Times(); ok {
		t.Error("a lane that served nothing has started")
	}
}
