//go:build cgo

package onnxmodel

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// TestDefaultShowsTheMatter measures what the default model was chosen by:
// on the CPU provider with one thread, optimized p50 ≤ 0.75 × eager p50 and
// one compile ≥ 10 × the optimized p50. Lanes are interleaved. TAILSCOPE_SLOW=1.
func TestDefaultShowsTheMatter(t *testing.T) {
	demand.Time(t)
	needORT(t)
	path := must.Get(EnsureBuiltin("default"))(t)
	ratio, compile := measureLanes(t, path)
	if ratio > 0.75 {
		t.Errorf("optimized p50 is %.2f × eager p50", ratio)
	}
	if compile < 10 {
		t.Errorf("one compile is %.1f × the optimized p50", compile)
	}
}

// measureLanes returns optimized p50 over eager p50 of the default prompts'
// lengths, and the median compile over optimized p50.
func measureLanes(t *testing.T, path string) (ratio, compile float64) {
	t.Helper()
	p := must.Get(Prepare(path))(t)
	var eager, opt, ratios, compiles []float64
	es := session(t, p.Prefill.Path, optimised(ort.GraphOptimizationLevelDisableAll))
	for _, n := range []int{6, 8, 12, 16, 20, 24, 32, 40, 48, 64, 96} {
		fixed := filepath.Join(p.Dir, fmt.Sprintf("test-%d.onnx", n))
		must.OK(t, Specialise(p.Prefill.Path, fixed, map[string]int64{DimBatch: 1, DimSeq: int64(n), DimPast: 0, DimTotal: int64(n)}))
		start := time.Now()
		s := session(t, fixed, optimised(ort.GraphOptimizationLevelEnableAll))
		compile := time.Since(start)
		os.Remove(fixed)
		feeds := promptFeeds(p.Info, [][]int64{randomIDs(uint64(n), n, p.Info.Vocab)}, []int{0})
		a, b := timeBoth(t, p, feeds, es, s)
		t.Logf("%3d tokens: eager %6.3f ms, optimized %6.3f ms, ratio %.2f, compile %.1f ms = %.0f×", n, a, b, b/a, ms(compile), ms(compile)/b)
		eager, opt, ratios, compiles = append(eager, a), append(opt, b), append(ratios, b/a), append(compiles, ms(compile))
	}
	t.Logf("medians: eager %.3f, optimized %.3f, ratio %.2f, compile %.1f", median(eager), median(opt), median(ratios), median(compiles))
	return median(opt) / median(eager), median(compiles) / median(opt)
}

func timeBoth(t *testing.T, p *Prepared, feeds map[string]feed, sessions ...*ort.DynamicAdvancedSession) (a, b float64) {
	t.Helper()
	times := [2][]float64{}
	in, out, err := values(p.Prefill.Path, feeds)
	must.OK(t, err)
	for rep := range 60 {
		for lane, s := range sessions {
			start := time.Now()
			if err := s.Run(in, out); err != nil { // outputs of the first run are reused
				t.Fatal(err)
			}
			if rep >= 5 {
				times[lane] = append(times[lane], ms(time.Since(start)))
			}
		}
	}
	return median(times[0]), median(times[1])
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
