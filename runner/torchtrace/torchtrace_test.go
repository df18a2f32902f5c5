package torchtrace

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// counts reads a folder once.
func counts(t *testing.T, dir string) (map[string]int, int, []Record) {
	t.Helper()
	n, graphs := map[string]int{}, 0
	var all []Record
	d := Folder{Dir: dir}
	defer d.Close()
	must.OK(t, d.Poll(func(_ string, r Record) {
		n[r.What]++
		all = append(all, r)
		if r.Graph {
			graphs++
		}
	}))
	return n, graphs, all
}

// TestCountsAreTorchs compares with torch._dynamo.utils.counters of the run
// that wrote the trace (torch 2.11 on a CPU): unique_graphs 10, frames ok 10,
// graph_break 1, unimplemented "recompile limit" 1, fxgraph_cache_hit 3,
// fxgraph_cache_miss 5.
func TestCountsAreTorchs(t *testing.T) {
	n, graphs, all := counts(t, "testdata")
	for what, want := range map[string]int{"compile": 3, "recompile": 7, "break": 1, "limit": 1, "hit": 3, "miss": 5} {
		if n[what] != want {
			t.Errorf("%d of %s, want %d", n[what], what, want)
		}
	}
	if graphs != 10 {
		t.Errorf("%d graphs, torch made 10", graphs)
	}
	for _, want := range []struct{ what, function, reason string }{
		{"recompile", "step", "tensor 'x' size mismatch at index 0. expected 3, actual 4"},
		{"break", "p.py:7", "graph break: Call to `torch._dynamo.graph_break()`"},
	} {
		found := false
		for _, r := range all {
			found = found || r.What == want.what && r.Function == want.function && r.Reason == want.reason
		}
		if !found {
			t.Errorf("nothing is %v", want)
		}
	}
	first := all[1]
	if first.DurNs < 30e9 || time.Unix(0, first.UnixNs).Year() != 2026 {
		t.Errorf("%+v", first)
	}
}

// TestRuntimeRecords reads what torch writes when a graph is recorded or a
// kernel tuned while the program runs.
func TestRuntimeRecords(t *testing.T) {
	var p Parser
	rs := p.Line([]byte(`V0327 09:07:42.421000 77 torch/_dynamo/utils.py:1] {"compilation_metrics_runtime": {"compile_id": "3/1", "start_time_us": 5, "runtime_cudagraphify_time_us": 120, "runtime_triton_autotune_time_us": 7, "is_runtime": true}, "rank": 2}`))
	if len(rs) != 2 || rs[0].What != "recording" || rs[0].DurNs != 120e3 || rs[1].What != "autotune" || rs[1].Rank != 2 || rs[1].CompileID != "3/1" {
		t.Errorf("%+v", rs)
	}
}

// TestFilesAreFollowed writes a trace in pieces, into a folder that had none.
func TestFilesAreFollowed(t *testing.T) {
	whole := must.Get(os.ReadFile("testdata/dedicated_log_torch_trace_2.11.log"))(t)
	dir := filepath.Join(t.TempDir(), "runs[1]") // no pattern
	must.OK(t, os.Mkdir(dir, 0o700))
	d := Folder{Dir: dir}
	defer d.Close()
	n, ranks := 0, map[int]bool{}
	take := func(_ string, r Record) { n++; ranks[r.Rank] = true }
	f := must.Get(os.Create(filepath.Join(dir, "dedicated_log_torch_trace_rank_3_x.log")))(t)
	defer f.Close()
	for i := 0; i < len(whole); i += 777 {
		_, _ = f.Write(whole[i:min(i+777, len(whole))])
		must.OK(t, d.Poll(take))
	}
	if n != 20 || len(ranks) != 1 || !ranks[3] {
		t.Errorf("%d records of ranks %v, want 20 of rank 3", n, ranks)
	}
	if err := (&Folder{Dir: filepath.Join(dir, "none")}).Poll(take); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

// TestATraceThatCannotBeRead is told of once, and the others are read.
func TestATraceThatCannotBeRead(t *testing.T) {
	whole := must.Get(os.ReadFile("testdata/dedicated_log_torch_trace_2.11.log"))(t)
	dir := t.TempDir()
	must.OK(t, os.Mkdir(filepath.Join(dir, "dedicated_log_torch_trace_a.log"), 0o755))
	must.OK(t, os.WriteFile(filepath.Join(dir, "dedicated_log_torch_trace_b.log"), whole, 0o644))
	in, asks := io.Pipe()
	said, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Serve(t.Context(), in, out, dir, false); out.Close() }()
	session := protocol.NewWriter(asks)
	time.AfterFunc(6*pollEvery, func() { _ = session.Send(&protocol.Stop{}) })
	n := map[stats.Kind]int{}
	for r := protocol.NewReader(said); ; {
		msg, err := r.Next()
		if err != nil {
			break
		}
		switch m := msg.(type) {
		case *protocol.Hello:
			go func() { _ = session.Send(&protocol.Load{}) }()
		case *protocol.Event:
			n[m.Kind]++
		}
	}
	if err := <-ended; err != nil || n[stats.KindError] != 1 || n[stats.KindRecompile] != 7 {
		t.Errorf("%v: events %v, want 1 error and 7 recompiles", err, n)
	}
}

func FuzzParser(f *testing.F) {
	f.Add("V0101 00:00:00.000000 1 x:1] {\"compilation_metrics\": {\"co_name\": null}}\n\tx\n")
	f.Fuzz(func(t *testing.T, s string) {
		var p Parser
		n := 0
		for l := range strings.Lines(s) {
			n += len(p.Line([]byte(strings.TrimRight(l, "\n"))))
		}
		n += len(p.Flush())
		if n > 2*p.Lines {
			t.Errorf("%d records of %d lines", n, p.Lines)
		}
	})
}
