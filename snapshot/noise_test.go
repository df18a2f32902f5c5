package snapshot

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// record writes a session of n equal lanes, as A/A or not, and finishes it.
func record(t *testing.T, aa bool, noise map[string]stats.Noise, n int) string {
	t.Helper()
	_, dir, err := folder.NewRunID(t.TempDir(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	must.OK(t, err)
	m := testManifest(dir)
	m.Settings.AA, m.Settings.Noise = aa, noise
	w := must.Get(Create(dir, m, []byte("name: test\n")))(t)
	ts := made.New(5)
	for r := range uint64(n) {
		for lane := range stats.Lane(stats.NumLanes) {
			s := ts.Sample(r+100, stats.Eager, stats.Prefill) // one distribution for both
			s.Lane = lane
			must.OK(t, w.Sample(s, nil, nil))
		}
	}
	must.OK(t, w.Finish(testEnd))
	return dir
}

// The floor of a recorded A/A session makes the same lanes of another one equal,
// live figures and summary.json alike; a session that is not A/A has none.
func TestRecordedNoiseFloor(t *testing.T) {
	floors, err := NoiseFloors(record(t, true, nil, 800))
	n := floors["prefill"]
	if err != nil || !(n.MedianNs > 0 && n.MeanNs > 0 && n.P99Ns > n.MedianNs) || n.MedianNs > 100e3 {
		t.Fatalf("%+v, %v", floors, err)
	}
	wide := map[string]stats.Noise{"prefill": {MedianNs: 5 * n.MedianNs, MeanNs: 5 * n.MeanNs, P99Ns: 5 * n.P99Ns}}
	for name, c := range map[string]struct {
		noise map[string]stats.Noise
		want  bool
	}{"given": {wide, true}, "not given": {nil, false}} {
		dir := record(t, false, c.noise, 800)
		var s stats.SummaryFile
		must.OK(t, json.Unmarshal([]byte(read(t, dir, filepath.Join("prefill", "analysis", "summary.json"))), &s))
		if got := s.Paradox.Verdict == "noise"; got != c.want {
			t.Errorf("%s: %+v", name, s.Paradox)
		}
		if _, err := NoiseFloors(dir); err == nil || !strings.Contains(err.Error(), "no A/A pairs") {
			t.Errorf("%s: an ordinary session became a noise floor: %v", name, err)
		}
	}
	if _, err := NoiseFloors(filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("a folder that is not there has a noise floor")
	}
}
