package torch

import (
	"slices"
	"testing"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// seldomCompared lets requests run in trains: what is compared runs alone.
func seldomCompared() protocol.Load {
	load := cpuLoad()
	load.Check = 0.001
	return load
}

// While requests keep coming, counters and evidence must not wait for a pause:
// the screen would say "no compile seen yet" beside a recompile.
func TestCountersComeWhileRequestsQueue(t *testing.T) {
	s := open(t, seldomCompared())
	var msgs []any
	for id := uint64(1); id <= 2000; id++ {
		msgs = append(msgs, req(id, "prefill", "variable", "eager", 3+int(id%5), 3+int(id%5)))
	}
	s.send(msgs...)
	s.drainAndStop(t, 2000)
	samples, at, evidence := 0, -1, -1
	for _, m := range s.all {
		switch m := m.(type) {
		case *protocol.Batch:
			samples += len(m.Request)
		case *protocol.Counters:
			if at < 0 && len(m.Groups) == 1 && m.Groups[0].UniqueGraphs > 0 {
				at = samples
			}
		case *protocol.Evidence:
			if evidence < 0 {
				evidence = samples
			}
		}
	}
	if samples != 4000 || at < 0 || at >= 3600 || evidence < 0 || evidence >= 3600 {
		t.Errorf("%d samples; counters with a graph came after %d of them, evidence after %d", samples, at, evidence)
	}
}

// Short requests run in trains; each must still be one sample a lane, in the
// order asked for, with regions that do not overlap.
func TestTrainsKeepOrder(t *testing.T) {
	s := open(t, seldomCompared())
	var msgs []any
	for id := uint64(1); id <= 400; id++ {
		r := req(id, "prefill", "variable", "eager", 4, 4)
		if id%2 == 0 {
			r.Order = []string{"optimized", "eager"}
		}
		msgs = append(msgs, r)
	}
	bad := req(401, "prefill", "variable", "eager", 9, 4) // more tokens than executed
	s.send(append(msgs, bad)...)
	s.drainAndStop(t, 401)
	type region struct{ start, end int64 }
	seen := map[uint64]map[string]region{}
	for _, b := range of[protocol.Batch](s) {
		for i, id := range b.Request {
			if seen[id] == nil {
				seen[id] = map[string]region{}
			}
			if _, twice := seen[id][b.Lane]; twice {
				t.Fatalf("request %d ran twice in lane %s", id, b.Lane)
			}
			seen[id][b.Lane] = region{b.StartNs[i], b.StartNs[i] + b.WallNs[i]}
		}
	}
	last := int64(0)
	for id := uint64(1); id <= 400; id++ {
		first, second := seen[id]["eager"], seen[id]["optimized"]
		if id%2 == 0 {
			first, second = second, first
		}
		if first.start < last || second.start < first.end {
			t.Fatalf("request %d: regions %v and %v after %d overlap or are out of order", id, first, second, last)
		}
		last = second.end
	}
	if got := s.ran()[401]; len(got) != 2 {
		t.Errorf("the impossible request was reported for %v", got)
	}
}

// A train's requests are prepared before its first one runs, and all hold the
// same callable. What took the place of a broken backend has not run yet, so it
// starts no train: else each of its requests would fail, and evidence would say
// at the end that the broken backend runs.
func TestBrokenBackendStartsNoTrain(t *testing.T) {
	s := open(t, seldomCompared(), "STANDIN_BREAK=inductor,aot_eager")
	var msgs []any
	for id := uint64(1); id <= 60; id++ {
		msgs = append(msgs, req(id, "prefill", "variable", "eager", 5, 5))
	}
	s.send(msgs...)
	s.drainAndStop(t, 60)
	if n := len(s.events(stats.KindFallback)); n != 2 {
		t.Errorf("%d requests met a broken backend, want one a backend", n)
	}
	var got []string
	for _, e := range of[protocol.Evidence](s) {
		got = append(got, e.BackendActual)
		if e.FallbackError == "" {
			t.Errorf("evidence %+v: what asked for inductor fell back", e)
		}
	}
	if !slices.Equal(got, []string{"aot_eager", "eager"}) {
		t.Errorf("evidence of %v, want each retreat once", got)
	}
}

// A request that is refused is reported with its train, but the time of the
// others is none of its own.
func TestRefusedRequestHasItsOwnTime(t *testing.T) {
	s := open(t, seldomCompared())
	const n, each = 200, 9
	for id := uint64(1); id <= n; id++ {
		r := req(id, "prefill", "variable", "eager", 4, 4)
		if id%each == 0 {
			r.Tokens = 5 // do not fit into 4: found out while its train is prepared
		}
		s.send(r)
	}
	s.drainAndStop(t, n)
	start, end := map[uint64]int64{}, map[uint64]int64{}
	for _, b := range of[protocol.Batch](s) {
		for i, id := range b.Request {
			if b.Lane == "eager" {
				start[id], end[id] = b.StartNs[i], b.StartNs[i]+b.WallNs[i]
			}
		}
	}
	for id := uint64(each); id < n; id += each {
		if end[id] <= start[id] || start[id] < end[id-1] && end[id] > start[id-1] || end[id] > start[id+1] {
			t.Fatalf("request %d was refused in %d to %d; the one before it ran %d to %d, the next began at %d", id,
				start[id], end[id], start[id-1], end[id-1], start[id+1])
		}
	}
}

// Stop drops what has not started, as flush does.
func TestStopDropsWhatWaits(t *testing.T) {
	s := open(t, seldomCompared())
	for id := uint64(1); id <= 60; id++ {
		r := req(id, "kv_decode", "variable", "variable", 4, 4)
		r.NewTokens = 30
		s.send(r)
	}
	s.send(&protocol.Stop{})
	if code := s.rest(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	bye := of[protocol.Bye](s)
	if len(bye) != 1 || bye[0].Samples > 60 {
		t.Errorf("%+v after stop, of 120 samples asked for before it", bye)
	}
}
