package foreign

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/stats/quantile"
)

// wanted is what testdata/independent.py found in a file.
type wanted struct {
	Samples  map[string]map[string]float64 `json:"samples"`
	Reported map[string]map[string]float64 `json:"reported"`
}

func readWanted(t testing.TB) map[string]wanted {
	t.Helper()
	b := must.Get(os.ReadFile("testdata/want.json"))(t)
	var w map[string]wanted
	must.OK(t, json.Unmarshal(b, &w))
	return w
}

// TestFixturesAsComputedIndependently reads a file of each format, most of them
// written by the tool itself, and compares counts and quantiles with those that
// Python and NumPy found.
func TestFixturesAsComputedIndependently(t *testing.T) {
	for name, want := range readWanted(t) {
		t.Run(name, func(t *testing.T) {
			values, counts := map[string][]int64{}, map[string]map[string]float64{}
			info := must.Get(Read(filepath.Join("testdata", name), Options{}, func(r *Row) error {
				key := r.Mode + "|" + r.Label
				if counts[key] == nil {
					counts[key] = map[string]float64{"failed": 0, "warmups": 0}
				}
				switch {
				case !r.OK:
					counts[key]["failed"]++
				case r.Warmup:
					counts[key]["warmups"]++
				default:
					values[key] = append(values[key], r.Ns)
				}
				return nil
			}))(t)
			for key, v := range counts {
				summarize(v, values[key])
			}
			compare(t, "samples", want.Samples, counts)
			compare(t, "reported", want.Reported, reportedOf(info))
			if len(info.Reported) > 0 && len(values) == 0 && !slices.ContainsFunc(info.Notes, func(s string) bool { return strings.Contains(s, "never pooled") }) {
				t.Error("nothing says that these are statistics without measurements", info.Notes)
			}
		})
	}
}

func summarize(v map[string]float64, ns []int64) {
	v["n"] = float64(len(ns))
	if len(ns) == 0 {
		return
	}
	slices.Sort(ns)
	sum := 0.0
	for _, x := range ns {
		sum += float64(x)
	}
	v["mean"], v["max"] = sum/float64(len(ns)), float64(ns[len(ns)-1])
	v["p50"], v["p99"] = quantile.Exact(ns, .5).Value, quantile.Exact(ns, .99).Value
}

func reportedOf(info *Info) map[string]map[string]float64 {
	out := map[string]map[string]float64{}
	for _, r := range info.Reported {
		m := map[string]float64{"n": float64(r.N), "mean": r.Mean, "std": r.Std, "max": r.Max}
		for _, p := range []string{"p50", "p99"} {
			if v, ok := r.Percentiles[p]; ok {
				m[p] = v
			}
		}
		out[r.Mode+"|"+r.Label] = m
	}
	return out
}

// compare holds what was read against what is wanted: every key of want, and no
// group more.
func compare(t *testing.T, what string, want, got map[string]map[string]float64) {
	t.Helper()
	for key, stats := range want {
		if got[key] == nil {
			t.Errorf("%s: no %q among %v", what, key, keysOf(got))
			continue
		}
		for k, v := range stats {
			g, ok := got[key][k]
			if !ok || math.IsNaN(g) || math.Abs(g-v) > math.Max(1e-9*math.Abs(v), .51) {
				t.Errorf("%s %q: %s is %v, want %v", what, key, k, g, v)
			}
		}
	}
	for key := range got {
		if want[key] == nil {
			t.Errorf("%s: %q is not wanted", what, key)
		}
	}
}

func keysOf[V any](m map[string]V) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// TestIndependentIsFresh runs the independent computation again.
func TestIndependentIsFresh(t *testing.T) {
	demand.Time(t)
	python := cmp.Or(os.Getenv("TAILSCOPE_TORCH_PYTHON"), "python3") // the first comes with NumPy
	if exec.Command(python, "-c", "import numpy").Run() != nil {
		demand.Lacks(t, demand.NumPy, "no NumPy in "+python)
	}
	got := must.Get(exec.Command(python, "testdata/independent.py").Output())(t)
	want := must.Get(os.ReadFile("testdata/want.json"))(t)
	var a, b map[string]wanted
	must.OK(t, json.Unmarshal(got, &a))
	must.OK(t, json.Unmarshal(want, &b))
	for name := range b {
		compare(t, name, b[name].Samples, a[name].Samples)
		compare(t, name, b[name].Reported, a[name].Reported)
	}
	if len(a) != len(b) {
		t.Error(fmt.Sprint(keysOf(a)))
	}
}
