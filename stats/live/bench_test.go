package live

import (
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
	"github.com/tailscope/tailscope/stats/internal/statstest"
)

// BenchmarkAnalysis is the exact analysis of 300,000 samples in five scenarios
// and three segments, from the first Add to summary.json.
func BenchmarkAnalysis(b *testing.B) {
	const n = 300_000
	g := statstest.NewStream(2)
	rows := make([]stats.Sample, n)
	for i := range rows {
		rows[i] = g.Next()
		rows[i].Segment = int32(i * 3 / n)
	}
	b.ReportAllocs()
	for b.Loop() {
		a := exact.New(exact.Options{})
		for i := range rows {
			a.Add(&rows[i])
		}
		a.Finish(stats.Prefill)
		a.Causes()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/sample")
}

// cpuNs is the processor time of this process, ns: on a shared machine it
// leaves out the time in which others ran.
func cpuNs() int64 { return int64(sys.CPUTime()) }

// reportCPU adds the processor time an operation took since start.
func reportCPU(b *testing.B, start int64) {
	b.ReportMetric(float64(cpuNs()-start)/float64(b.N), "cpu-ns/op")
}

// BenchmarkReference records the same latencies into one histogram of
// hdrhistogram-go: what the machine can do at this moment, to read BenchmarkAdd
// against.
func BenchmarkReference(b *testing.B) {
	g := statstest.NewStream(1)
	var walls [1 << 10]int64
	for i := range walls {
		s := g.Next()
		walls[i] = s.WallNs
	}
	h := hdrhistogram.New(1, 60e9, 3)
	i := 0
	defer reportCPU(b, cpuNs())
	for b.Loop() {
		_ = h.RecordValue(walls[i&(1<<10-1)])
		i++
	}
}
