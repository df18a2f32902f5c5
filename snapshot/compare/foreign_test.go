package compare

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/labels"
)

const ohaHead = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n"

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	path = filepath.Join(t.TempDir(), path)
	must.OK(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must.OK(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// TestFilesThatNameNothing compare with each other wherever they lie, and are
// told apart when they are analysed together.
func TestFilesThatNameNothing(t *testing.T) {
	a := writeFile(t, "before/oha.csv", ohaHead+"0.1,0,0,0,0.0021,4,200\n0.2,0,0,0,0.0025,4,200\n")
	b := writeFile(t, "after/oha.csv", ohaHead+"0.1,0,0,0,0.0031,4,200\n0.2,0,0,0,0.0035,4,200\n")
	c, err := Results([]string{a}, []string{b}, nil, foreign.Options{})
	if err != nil || len(c.Changes) == 0 {
		t.Fatal(c, err)
	}
	if v, ok := c.Lookup("", "all.mean_ms", false); !ok || math.Abs(v-3.3) > 1e-9 {
		t.Error(v, ok)
	}
	rep, err := Analyze([]string{a, b}, foreign.Options{}, labels.Options{})
	if err != nil || len(rep.Overall) != 2 || rep.Overall[0].N != 2 {
		t.Fatal(rep.Overall, err)
	}
}

// TestTreesOfEqualNames: run files of two trees that have the same names are runs of
// their own.
func TestTreesOfEqualNames(t *testing.T) {
	text := `{"scenario":"s","backend":"gpu","latencies_ms":[9,1,1]}`
	a, b := writeFile(t, "runs/s/gpu/fp32/run_1.json", text), writeFile(t, "runs/s/gpu/fp32/run_1.json", text)
	rep := must.Get(Analyze([]string{above(a, 5), above(b, 5)}, foreign.Options{}, labels.Options{}))(t)
	if g := rep.Overall[0]; g.Runs != 2 || g.MeanExclFirstMs != 1 || len(rep.Files) != 2 || rep.Files[0].File != a && rep.Files[1].File != a {
		t.Errorf("%d runs, mean without the first samples %v, %+v", g.Runs, g.MeanExclFirstMs, rep.Files)
	}
}

// above is n elements up from a path.
func above(path string, n int) string {
	for range n {
		path = filepath.Dir(path)
	}
	return path
}

// TestStatisticsCompare: differences of what tools computed are
// shown, and of one set a side nothing is told apart.
func TestStatisticsCompare(t *testing.T) {
	wrk := func(mean, p99 string) string {
		return "Running 1s test @ http://x/\n  1 threads and 2 connections\n    Latency     " + mean + "    1.00ms  10.00ms   85%\n  Latency Distribution\n     99%    " + p99 + "\n  9 requests in 1.00s\n"
	}
	a, b := writeFile(t, "a.txt", wrk("2.00ms", "8.00ms")), writeFile(t, "b.txt", wrk("3.00ms", "9.00ms"))
	c, err := Results([]string{a}, []string{b}, nil, foreign.Options{})
	if err != nil || len(c.Changes) == 0 {
		t.Fatal(c, err)
	}
	for _, side := range []struct {
		inA  bool
		want float64
	}{{true, 8}, {false, 9}} {
		if v, ok := c.Lookup("", "all.p99_ms", side.inA); !ok || v != side.want {
			t.Error(v, ok)
		}
	}
	for _, d := range c.Changes {
		if d.Told() {
			t.Errorf("one set of statistics a side tells nothing: %+v", d)
		}
	}
	rep, err := Analyze([]string{a, b}, foreign.Options{}, labels.Options{})
	if err != nil || len(rep.Overall) != 0 || len(rep.Reported) != 2 || rep.Reported[0].Label == rep.Reported[1].Label {
		t.Fatal(rep.Reported, err)
	}
}

// TestAnEmptyResultSaysWhy names the statuses seen, and what the file was.
func TestAnEmptyResultSaysWhy(t *testing.T) {
	for text, want := range map[string]string{
		"latency_ms,status\n3,done\n4,cached\n":                                                    "status is “cached” in 1 row; status is “done” in 1 row",
		`[{"benchmark":"b","mode":"thrpt","primaryMetric":{"scoreUnit":"ops/s","rawData":[[1]]}}]`: "ops/s, is no latency",
	} {
		_, err := Analyze([]string{writeFile(t, "f", text)}, foreign.Options{}, labels.Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want …%s…", err, want)
		}
	}
	_, err := Analyze([]string{writeFile(t, "f.csv", "backend,latency_ms\na,1\n")}, foreign.Options{Where: []foreign.Filter{{Column: "backend", Value: "b"}}}, labels.Options{})
	if err == nil || !strings.Contains(err.Error(), "the filters left out all 1 rows") {
		t.Error(err)
	}
}
