package folder

import (
	"bytes"
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// hists holds one histogram a mode and lane, 1 ns to 1 h at three digits.
type hists [stats.NumModes][stats.NumLanes]*hdrhistogram.Histogram

func (h *hists) add(s *stats.Sample) {
	if !s.Counts() {
		return
	}
	p := &h[s.Mode][s.Lane&1]
	if *p == nil {
		*p = hdrhistogram.New(1, 3600e9, 3)
	}
	_ = (*p).RecordValue(min(max(s.WallNs, 1), 3600e9)) // clamped to the range above
}

// write writes <lane>.hgrm into <mode>/analysis, in milliseconds: the percentile
// distribution that HdrHistogram's plotter reads.
func (h *hists) write(analysis *door.Dir, mode stats.Mode) error {
	for l, v := range h[mode] {
		if v == nil {
			continue
		}
		if err := analysis.WriteFile(stats.Lane(l).String()+".hgrm", percentiles(v)); err != nil {
			return err
		}
	}
	return nil
}

// percentiles prints a distribution in ms as HdrHistogram does, but to the
// nanosecond: three decimals would leave two digits of 12 µs.
func percentiles(h *hdrhistogram.Histogram) []byte {
	var b bytes.Buffer
	b.WriteString(" Value\tPercentile\tTotalCount\t1/(1-Percentile)\n\n")
	for _, s := range h.CumulativeDistributionWithTicks(5) {
		p := s.Quantile / 100
		inverse := "inf" // as in other languages, not Go's +Inf
		if p < 1 {
			inverse = fmt.Sprintf("%.2f", 1/(1-p))
		}
		fmt.Fprintf(&b, "%15.6f %12f %12d %12s\n", float64(s.ValueAt)/1e6, p, s.Count, inverse)
	}
	fmt.Fprintf(&b, "#[Mean    = %12.6f, StdDeviation   = %12.6f]\n#[Max     = %12.6f, Total count    = %12d]\n", h.Mean()/1e6, h.StdDev()/1e6,
		float64(h.Max())/1e6, h.TotalCount())
	return b.Bytes()
}
