package folder

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// goldenFolders were written by commit 79b2740: a session that finished, one
// that was killed, and a killed one with rotated segments and decode steps.
var goldenFolders = []string{"finished", "killed", "rotated"}

var updateFigures = flag.Bool("figures", false, "write the figures of the golden folders anew")

// figures are what a golden folder has to say whatever reads it.
type figures struct {
	Records map[string]int     // by kind
	Rows    string             // SHA-256 of all rows of metrics.csv and steps
	Lanes   map[string]laneFig // by mode and lane, clean samples
}

type laneFig struct {
	N                uint64
	P50, P99, Max, S float64 // ns; S: sum
}

func figuresOf(t *testing.T, dir string) figures {
	t.Helper()
	s := must.Get(Open(dir))(t)
	f := figures{Records: map[string]int{}, Lanes: map[string]laneFig{}}
	walls := map[string][]int64{}
	h := sha256.New()
	var buf []byte
	damage, err := s.Records(func(r *journal.Record) error {
		f.Records[string(r.Kind)]++
		if r.Kind != journal.KindSample {
			return nil
		}
		x := r.Sample
		x.Cause = stats.CauseNone // given at the end
		buf = appendMetricsRow(buf[:0], "golden", s.Manifest.StartNs, &x)
		for i, ns := range r.Steps {
			buf = strconv.AppendInt(buf, ns, 10)
			if i < len(r.KV) {
				buf = strconv.AppendInt(append(buf, ':'), int64(r.KV[i]), 10)
			}
			buf = append(buf, ' ')
		}
		h.Write(buf)
		if x.Counts() {
			k := x.Mode.String() + "." + x.Lane.String()
			walls[k] = append(walls[k], x.WallNs)
		}
		return nil
	})
	if err != nil || damage != (journal.Damage{}) {
		t.Fatal(damage, err)
	}
	f.Rows = hex.EncodeToString(h.Sum(nil))
	for k, v := range walls {
		slices.Sort(v)
		l := laneFig{N: uint64(len(v)), P50: quantile.PercentileOf(v, 0.5), P99: quantile.PercentileOf(v, 0.99), Max: float64(v[len(v)-1])}
		for _, x := range v {
			l.S += float64(x)
		}
		f.Lanes[k] = l
	}
	return f
}

// TestGoldenFolders opens folders and journals of an earlier version, and
// recovers those whose process died: the figures are what they were.
func TestGoldenFolders(t *testing.T) {
	golden := filepath.Join("..", "testdata", "golden")
	got := map[string]figures{}
	for _, name := range goldenFolders {
		got[name] = figuresOf(t, filepath.Join(golden, name))
	}
	path := filepath.Join(golden, "figures.json")
	if *updateFigures {
		b := must.Get(json.MarshalIndent(got, "", "  "))(t)
		must.OK(t, os.WriteFile(path, append(b, '\n'), 0o644))
	}
	want := map[string]figures{}
	must.OK(t, readJSON(path, &want))
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	for _, name := range goldenFolders[1:] {
		dir := t.TempDir()
		must.OK(t, os.CopyFS(dir, os.DirFS(filepath.Join(golden, name))))
		m := must.Get(Recover(dir, "", nil))(t)
		if !m.Lost.Known {
			t.Errorf("%s: %+v", name, m.Lost)
		}
		f := figuresOf(t, dir)
		if d := cmp.Diff(want[name].Lanes, f.Lanes); d != "" || f.Rows != want[name].Rows {
			t.Errorf("%s, recovered: rows %s, want %s\n%s", name, f.Rows, want[name].Rows, d)
		}
	}
}
