package snapshot

import (
	"fmt"
	"strconv"
	"strings"

	"tailscope/stats"
)

// checkDisk warns once at four fifths of the bound of the session folder, and
// ends the session at the bound, before the finished folder would break it.
func (w *Writer) checkDisk() {
	if w.maxDisk <= 0 {
		return
	}
	switch need := estimate(w.written, w.counter.n.Load()); {
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
var ErrMaxDisk = fmt.Errorf("max_disk: %w", ErrDiskFull)

// ParseBytes reads a size such as 20GB, 512MiB or 1000000.
func ParseBytes(s string) (int64, error) {
	t := strings.ToUpper(strings.TrimSpace(s))
	unit := int64(1)
	for _, u := range [...]struct {
		suffix string
		bytes  int64
	}{{"KIB", 1 << 10}, {"MIB", 1 << 20}, {"GIB", 1 << 30}, {"TIB", 1 << 40}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}} {
		if rest, ok := strings.CutSuffix(t, u.suffix); ok {
			t, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(t, 64)
	if err != nil || v < 0 || v*float64(unit) > 1<<62 || v != v {
		return 0, fmt.Errorf("size %q: want a number with a unit, e.g. 20GB", s)
	}
	return int64(v * float64(unit)), nil
}

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
