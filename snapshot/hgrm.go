package snapshot

import (
	"bytes"
	"path/filepath"

	"github.com/HdrHistogram/hdrhistogram-go"

	"tailscope/stats"
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

// write writes <mode>/analysis/<lane>.hgrm, in milliseconds: the percentile
// distribution that HdrHistogram's plotter reads.
func (h *hists) write(dir string, mode stats.Mode) error {
	for l, v := range h[mode] {
		if v == nil {
			continue
		}
		d, err := modeDir(dir, mode, "analysis")
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if _, err := v.PercentilesPrint(&b, 5, 1e6); err != nil {
			return err
		}
		if err := writeFile(d, filepath.Base(stats.Lane(l).String()+".hgrm"), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
