package snapshot

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// TestMaxDiskWarnsAndThenEndsTheSession fills a small bound.
func TestMaxDiskWarnsAndThenEndsTheSession(t *testing.T) {
	_, dir, err := folder.NewRunID(t.TempDir(), time.Now())
	must.OK(t, err)
	m := testManifest(dir)
	m.Limits.MaxDiskBytes = 32 << 20
	w := must.Get(Create(dir, m, nil))(t)
	ts := made.New(1)
	taken := uint64(0)
	for r := uint64(0); ; r++ {
		if err = w.Sample(ts.Sample(r, stats.Eager, stats.Prefill), nil, nil); err != nil {
			break
		}
		taken++
		if r > 1e7 {
			t.Fatal("no bound")
		}
	}
	if !errors.Is(err, journal.ErrDiskFull) {
		t.Fatal(err)
	}
	warnings := w.Warnings()
	if len(warnings) != 2 || !strings.Contains(warnings[0].Reason, "four fifths") || !strings.Contains(warnings[1].Reason, "bound") {
		t.Fatalf("warnings %+v", warnings)
	}
	must.OK(t, w.Finish(folder.End{Reason: "disk", Err: err, Time: time.Now()}))
	var size int64
	got, err := folder.ReadManifest(dir)
	if err != nil || got.Counts.Samples < taken || got.Counts.Events["error"] != 2 || got.Exit.Error == "" {
		t.Fatalf("%+v, %v, taken %d", got.Counts, err, taken)
	}
	for _, f := range got.Files {
		fi := must.Get(os.Stat(filepath.Join(dir, f)))(t)
		size += fi.Size()
	}
	t.Logf("%d samples, folder %s of %s", taken, journal.FormatBytes(size), journal.FormatBytes(32<<20))
	if size > 32<<20 {
		t.Errorf("the folder has %d bytes, the bound is %d", size, 32<<20)
	}
}

// TestTraceIsJSON parses trace.json and looks for a compile inside its request.
func TestTraceIsJSON(t *testing.T) {
	w, dir := create(t)
	made.Fill(t, w, 30, stats.Prefill)
	g := gpu.State{TNs: 6e9}
	for _, r := range []*gpu.Reading{&g.MemUtilPct, &g.MemUsedBytes, &g.MemTotalBytes, &g.PowerMilliwatts, &g.PowerLimitMilliwatts, &g.TempC,
		&g.SMClockMHz, &g.SMClockMaxMHz, &g.MemClockMHz} {
		r.Err = "not supported"
	}
	g.UtilPct = gpu.Of(50.0)
	must.OK(t, w.GPU(g))
	must.OK(t, w.Finish(testEnd))
	var tr struct {
		TraceEvents []struct {
			Name, Ph string
			Ts, Dur  float64
		} `json:"traceEvents"`
	}
	must.OK(t, json.Unmarshal([]byte(read(t, dir, folder.TraceName)), &tr))
	kinds := map[string]int{}
	for _, e := range tr.TraceEvents {
		kinds[e.Ph+strings.Fields(e.Name)[0]]++
	}
	if kinds["Xprefill"] != 60 || kinds["Xrecompile"] != 13 || kinds["Cgpu"] != 1 || kinds["Mthread_name"] != 4 {
		t.Fatal(kinds)
	}
}

// TestTraceSlicesNest: Perfetto drops a slice that begins inside another of its
// track and ends after it.
func TestTraceSlicesNest(t *testing.T) {
	w, dir := create(t)
	samples := made.Fill(t, w, 40, stats.Prefill)
	at := samples[30].StartNs
	req := samples[30].Request
	for _, e := range []stats.Event{
		{TNs: at + samples[30].WallNs, Kind: stats.KindShapeNew, Lane: "eager", Request: &req, DurNs: samples[30].WallNs, Reason: "noticed at the end"},
		{TNs: at - 1000, Kind: stats.KindCompile, Lane: "optimized", Shape: "1x99", DurNs: 1e9, Reason: "in the background"},
		{TNs: 5e9, Kind: stats.KindLoaded, DurNs: 1e6, Reason: "loaded"},
	} {
		must.OK(t, w.Event(&e))
	}
	must.OK(t, w.Finish(testEnd))
	var tr struct {
		TraceEvents []struct {
			Name, Ph string
			Tid      int
			Ts, Dur  float64
		} `json:"traceEvents"`
	}
	must.OK(t, json.Unmarshal([]byte(read(t, dir, folder.TraceName)), &tr))
	for i, a := range tr.TraceEvents {
		if a.Ph != "X" {
			continue
		}
		if a.Name != strings.TrimSpace(a.Name) {
			t.Errorf("name %q", a.Name)
		}
		for _, b := range tr.TraceEvents[i+1:] {
			if b.Ph == "X" && a.Tid == b.Tid && a.Ts < b.Ts && b.Ts < a.Ts+a.Dur && a.Ts+a.Dur < b.Ts+b.Dur-0.0005 {
				t.Fatalf("%+v and %+v cross", a, b)
			}
		}
	}
}
