package snapshot

import (
	"fmt"
	"strconv"

	"github.com/tailscope/tailscope/stats"
)

// checkDisk warns once at four fifths of the bound of the session folder, and
// ends the session at the bound, before the finished folder would break it.
func (w *Writer) checkDisk() {
	if w.maxDisk <= 0 {
		return
	}
	switch need := estimate(w.older+w.written, w.counter.n.Load()); {
	case need >= w.maxDisk:
		w.stop(fmt.Sprintf("The session folder reaches its bound of %s: the session ends here.", FormatBytes(w.maxDisk)), ErrMaxDisk)
	case need >= w.maxDisk/5*4 && !w.warned:
		w.warned = true
		e := w.warn(fmt.Sprintf("The session folder will reach its bound of %s soon: four fifths are used.", FormatBytes(w.maxDisk)))
		_ = w.enc.json(KindEvent, &e) // an Event always encodes
	}
}

// estimate is the size a folder may come to while it is being finished: the
// journal is still there, Parquet is about as large, and text files grow with
// the samples up to their row limits. Pictures and the report have a fixed size.
func estimate(journal int64, samples uint64) int64 {
	const csvRow, traceRow, fixed = 290, 320, 3 << 20
	return 2*journal + csvRow*int64(min(samples, stats.NumModes*CSVRows)) + traceRow*int64(min(samples, maxTrace)) + fixed
}

// ErrMaxDisk is what a Writer returns once the session folder would outgrow
// the bound that the configuration sets.
var ErrMaxDisk error = maxDiskError{}

type maxDiskError struct{}

func (maxDiskError) Error() string {
	return "the session folder would outgrow its bound (max_disk) when it is finished; all samples so far are kept, a larger --max-disk takes more"
}

// Unwrap lets callers treat the bound as the disk that it stands for.
func (maxDiskError) Unwrap() error { return ErrDiskFull }

// FormatBytes prints a size with a decimal unit.
func FormatBytes(n int64) string {
	switch {
	case n >= 1e9:
		return strconv.FormatFloat(float64(n)/1e9, 'f', 1, 64) + " GB"
	case n >= 1e6:
		return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
	case n >= 1e3:
		return strconv.FormatFloat(float64(n)/1e3, 'f', 1, 64) + " kB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}
