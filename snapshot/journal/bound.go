package journal

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/stats"
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

// ErrGone is what a Writer returns once its folder was deleted.
var ErrGone = errors.New("the session folder was deleted: the session ends here, nothing of it is kept")

// look sees, once a second, whether the folder is still in its place and
// whether its disk has the room that finishing takes.
func (w *Writer) look() {
	now := clock.Monotonic()
	if now-w.looked < 1e9 {
		return
	}
	w.looked = now
	if dir := w.seg.dir; dir.Moved() {
		switch {
		case dir.Gone():
			w.warn("The session folder was deleted: the session ends here.")
			w.err = ErrGone
			return
		case !w.moved:
			w.moved = true
			w.note("The session folder was moved while the session runs: it is finished where it is now.")
		}
	}
	if w.o.Estimate == nil || w.low {
		return
	}
	journal := w.older + w.written
	need := w.o.Estimate(journal, w.counter.n.Load()) - journal
	if free, ok := sys.FreeBytes(w.seg.dir.Path()); ok && free < need {
		w.low = true
		w.note(fmt.Sprintf("The disk has %s left, finishing the session folder may take %s: end soon, or free some.", FormatBytes(free), FormatBytes(need)))
	}
}

// fail ends the journal after a write that did not succeed. The reserve is
// given back first, and the frame in hand is tried once more in its place.
func (w *Writer) fail(err error, frame []byte) {
	full := sys.DiskFull(err)
	if full {
		_ = w.seg.dir.Remove(reserveName)
		if _, again := w.f.WriteAt(frame, w.written); again == nil {
			w.took(frame)
		}
		w.stop("The disk is full: the session ends here, all samples before are kept.", ErrDiskFull)
		return
	}
	_ = w.f.Truncate(w.written) // a reader skips a torn frame as well
	w.err = fmt.Errorf("write the journal: %w", err)
}

// stop leaves an event and makes err stick.
func (w *Writer) stop(sentence string, err error) {
	e := w.warn(sentence)
	if w.enc.json(KindEvent, &e) == nil {
		w.writeLast()
		w.enc.reset()
	}
	_ = w.f.Truncate(w.written)
	w.err = err
}

// writeLast writes what is buffered, if it still fits.
func (w *Writer) writeLast() {
	frame := w.enc.seal()
	if _, err := w.f.WriteAt(frame, w.written); err == nil {
		w.took(frame)
	}
}

func (w *Writer) warn(sentence string) stats.Event {
	e := stats.Event{TNs: clock.Monotonic(), Kind: stats.KindError, Reason: sentence, Extra: map[string]any{"code": "disk"}}
	w.warnings = append(w.warnings, e)
	return e
}

// Warnings returns, once each, events that the Writer itself put into the
// journal: the disk is full, or soon will be.
func (w *Writer) Warnings() []stats.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.warnings
	w.warnings = nil
	return out
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
