package stats

import (
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

// BenchmarkAnalysis is the exact analysis of 300,000 samples in five scenarios
// and three segments, from the first Add to summary.json.
func BenchmarkAnalysis(b *testing.B) {
	const n = 300_000
	g := newStream(2)
	rows := make([]Sample, n)
	for i := range rows {
		rows[i] = g.next()
		rows[i].Segment = int32(i * 3 / n)
	}
	b.ReportAllocs()
	for b.Loop() {
		a := NewAnalysis(AnalysisOptions{})
		for i := range rows {
			a.Add(&rows[i])
		}
		a.Finish(Prefill)
		a.Causes()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/sample")
}

// BenchmarkBootstrap is what runs beside the session: 4,096 pairs, 1,000
// resamples.
func BenchmarkBootstrap(b *testing.B) {
	g := newStream(2)
	pairs := make([]Pair, 1<<12)
	for i := range pairs {
		x, y := g.next(), g.next()
		pairs[i] = Pair{Eager: x.WallNs, Optimized: y.WallNs}
	}
	b.ReportAllocs()
	for b.Loop() {
		Bootstrap(pairs, BootstrapOptions{})
	}
}

// BenchmarkAdvise plans k = 1 … 8 over 500 distinct lengths.
func BenchmarkAdvise(b *testing.B) {
	var ls []LengthCount
	for i := range 500 {
		ls = append(ls, LengthCount{3*i + 5, 1 + 1000/(i+1)})
	}
	b.ReportAllocs()
	for b.Loop() {
		Advise(ls, CostModel{BaseNs: 1e6, PerTokenNs: 1e4, CompileNs: 30e6}, 8)
	}
}

// cpuNs is the processor time of this process, ns: on a shared machine it
// leaves out the time in which others ran.
func cpuNs() int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// reportCPU adds the processor time an operation took since start.
func reportCPU(b *testing.B, start int64) {
	b.ReportMetric(float64(cpuNs()-start)/float64(b.N), "cpu-ns/op")
}

// BenchmarkReference records the same latencies into one histogram of
// hdrhistogram-go: what the machine can do at this moment, to read BenchmarkAdd
// against.
func BenchmarkReference(b *testing.B) {
	g := newStream(1)
	var walls [1 << 10]int64
	for i := range walls {
		s := g.next()
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
