package micro_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/foreign"
)

// TestLogAddsUpItsIntervals writes a log with the library and reads its two
// intervals of one tag as one distribution.
func TestLogAddsUpItsIntervals(t *testing.T) {
	all := hdrhistogram.New(1, 60e9, 3)
	var b bytes.Buffer
	w := hdrhistogram.NewHistogramLogWriter(&b)
	must.OK(t, w.OutputLogFormatVersion())
	must.OK(t, w.OutputLegend())
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 2 {
		h := hdrhistogram.New(1, 60e9, 3)
		h.SetTag("A")
		h.SetStartTimeMs(int64(1000 * i))
		h.SetEndTimeMs(int64(1000*i + 999))
		for range 500 {
			v := int64(1e6 + rng.ExpFloat64()*5e6)
			must.OK(t, h.RecordValue(v))
			must.OK(t, all.RecordValue(v))
		}
		must.OK(t, w.OutputIntervalHistogram(h))
	}
	path := filepath.Join(t.TempDir(), "x.hlog")
	must.OK(t, os.WriteFile(path, b.Bytes(), 0o600))
	info, err := foreign.Read(path, foreign.Options{}, func(*foreign.Row) error { t.Fatal("a row"); return nil })
	if err != nil || len(info.Reported) != 1 {
		t.Fatal(info, err)
	}
	r := info.Reported[0]
	if r.Label != "A" || r.N != 1000 || r.Percentiles["p50"] != float64(all.ValueAtQuantile(50)) || r.Percentiles["p99"] != float64(all.ValueAtQuantile(99)) {
		t.Fatalf("%+v", r)
	}
}
