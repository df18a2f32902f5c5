package journal

import (
	"fmt"
	"strconv"
)

// checkBound warns once at four fifths of the bound of the session folder, and
// ends the session at the bound, before the finished folder would break it.
func (w *Writer) checkBound() {
	if w.o.MaxBytes <= 0 {
		return
	}
	switch need := w.o.Estimate(w.older+w.written, w.counter.n.Load()); {
	case need >= w.o.MaxBytes:
		w.stop(fmt.Sprintf("The session folder reaches its bound of %s: the session ends here.", FormatBytes(w.o.MaxBytes)), ErrMaxDisk)
	case need >= w.o.MaxBytes/5*4 && !w.warned:
		w.warned = true
		e := w.warn(fmt.Sprintf("The session folder will reach its bound of %s soon: four fifths are used.", FormatBytes(w.o.MaxBytes)))
		_ = w.enc.json(KindEvent, &e) // an Event always encodes
	}
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
