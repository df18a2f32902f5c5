package snapshot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// ErrDiskFull is what a Writer returns once the disk is full or the bound of
// the session folder is reached. What was flushed before is safe, and Finish
// writes what still fits.
var ErrDiskFull = errors.New("the disk is full")

const (
	lockName    = "lock"
	counterName = "accepted"
	reserveName = "reserve"
	// reserveBytes are kept aside so that a full disk still takes the last
	// events and the manifest.
	reserveBytes = 1 << 20
)

// Writer appends a session to the journal in its folder. One goroutine calls
// Sample, Event, GPU, Evidence, Counters, Loaded and Flush; Export may be
// called from another at the same time.
type Writer struct {
	dir      string
	config   []byte
	maxDisk  int64
	counter  *counter
	warned   bool
	warnings []stats.Event

	rotation rotation
	fullRows uint64 // samples after which a segment is full
	locked   *os.File

	mu       sync.Mutex // guards everything below
	seg      segment    // being appended to
	f        *os.File
	enc      *frameEncoder
	written  int64  // bytes of whole frames in f
	rows     uint64 // samples in f
	older    int64  // bytes of the segments before
	manifest Manifest
	err      error // sticky
	closed   bool
}

// Create starts the journal of a session in dir, which exists, and writes
// manifest.json and config.yaml for the first time.
func Create(dir string, m Manifest, configYAML []byte) (*Writer, error) {
	m.Schema, m.State = Schema, StateRunning
	w := &Writer{dir: dir, config: configYAML, manifest: m, enc: newFrameEncoder(), maxDisk: m.Limits.MaxDiskBytes, fullRows: rotateRows}
	if err := w.create(); err != nil {
		return nil, cannotWrite(dir, err)
	}
	return w, nil
}

func (w *Writer) create() error {
	jdir := filepath.Join(w.dir, journalDir)
	if err := os.Mkdir(jdir, 0o755); err != nil {
		return err
	}
	if err := writeFile(w.dir, ConfigName, w.config); err != nil {
		return err
	}
	if err := writeJSON(w.dir, ManifestName, &w.manifest); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(jdir, reserveName), make([]byte, reserveBytes), 0o644); err != nil {
		return err
	}
	var err error
	if w.locked, err = os.Create(filepath.Join(jdir, lockName)); err != nil {
		return err
	}
	if err := lock(w.locked); err != nil {
		return errors.Join(err, w.locked.Close())
	}
	if err := w.begin(segment{jdir, 1}); err != nil {
		return errors.Join(err, w.locked.Close())
	}
	w.counter = newCounter(filepath.Join(jdir, counterName))
	w.rotation.start(w)
	return nil
}

// begin goes on in a new segment.
func (w *Writer) begin(s segment) error {
	f, err := os.OpenFile(s.frames(), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	if _, err = f.WriteString(journalMagic); err != nil {
		return errors.Join(err, f.Close(), os.Remove(s.frames()))
	}
	w.seg, w.f, w.written, w.rows = s, f, int64(len(journalMagic)), 0
	return nil
}

// Dir returns the session's folder.
func (w *Writer) Dir() string { return w.dir }

// Sample takes in one sample and, of decode, the time of each of its steps
// and the cache length after each. It copies what it keeps.
func (w *Writer) Sample(s *stats.Sample, steps []int64, kv []int32) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.enc.sample(s, steps, kv)
	w.counter.add(1)
	if len(w.enc.buf) >= frameTarget {
		return w.flush()
	}
	return nil
}

// Event takes in one event.
func (w *Writer) Event(e *stats.Event) error { return w.record(KindEvent, e) }

// GPU takes in one reading.
func (w *Writer) GPU(t gpu.State) error { return w.record(KindTelemetry, &t) }

// Evidence takes in what proves one executable.
func (w *Writer) Evidence(e protocol.Evidence) error { return w.record(KindEvidence, &e) }

// Counters takes in the state of the compile cache; the newest of a worker
// generation counts.
func (w *Writer) Counters(c protocol.Counters) error { return w.record(KindCounters, &c) }

// Loaded takes in what the engine says of itself and its model.
func (w *Writer) Loaded(l protocol.Loaded) error {
	w.mu.Lock()
	w.manifest.loaded(&l)
	w.mu.Unlock()
	return w.record(KindLoaded, &l)
}

func (w *Writer) record(kind Kind, v any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if err := w.enc.json(kind, v); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if len(w.enc.buf) >= frameTarget {
		return w.flush()
	}
	return nil
}

// Flush writes what is buffered. The owner calls it at least every 100 ms: a
// crash of the process loses what was taken in since, and Recover counts it.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	return w.flush()
}

func (w *Writer) flush() error {
	if w.enc.empty() {
		return nil
	}
	frame := w.enc.seal()
	if _, err := w.f.WriteAt(frame, w.written); err != nil {
		w.fail(err, frame)
		return w.err
	}
	w.took(frame)
	w.checkDisk()
	if w.err == nil && (w.rows >= w.fullRows || w.written >= rotateBytes) {
		w.next()
	}
	return w.err
}

// took counts a frame that is in the file.
func (w *Writer) took(frame []byte) {
	w.written += int64(len(frame))
	w.rows += uint64(w.enc.samples)
	w.enc.reset()
}

// next leaves a full segment to be rotated. If no new one can be made, the
// old one goes on.
func (w *Writer) next() {
	full, size := w.f, w.written
	if w.begin(segment{w.seg.dir, w.seg.n + 1}) != nil {
		return
	}
	w.older += size
	_ = full.Close() // every frame was written without an error
	w.rotation.wake()
}

// fail ends the journal after a write that did not succeed. The reserve is
// given back first, and the frame in hand is tried once more in its place.
func (w *Writer) fail(err error, frame []byte) {
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
	if full {
		_ = os.Remove(filepath.Join(w.dir, journalDir, reserveName))
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
		frame := w.enc.seal()
		if _, werr := w.f.WriteAt(frame, w.written); werr == nil {
			w.took(frame)
		}
		w.enc.reset()
	}
	_ = w.f.Truncate(w.written)
	w.err = err
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

// Finish writes the whole folder, removes the journal and closes the Writer.
// After an error the journal stays, and Recover can finish the folder later.
func (w *Writer) Finish(end End) error {
	w.rotation.stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errors.New("the session folder is finished already")
	}
	w.closed = true
	m := w.manifest
	rec := endRecord{Reason: end.Reason, TNs: end.TNs, UnixNs: end.Time.UnixNano(), DroppedView: end.DroppedView}
	if end.Err != nil {
		rec.Error = end.Err.Error()
	}
	if err := w.enc.json(KindEnd, &rec); err != nil {
		return err
	}
	switch {
	case w.err == nil:
		if err := w.flush(); err != nil && !errors.Is(err, ErrDiskFull) {
			return errors.Join(err, w.f.Close())
		}
	case errors.Is(w.err, ErrDiskFull): // the end may still fit, so that Recover knows of it
		frame := w.enc.seal()
		if _, err := w.f.WriteAt(frame, w.written); err == nil {
			w.took(frame)
		} else {
			_ = w.f.Truncate(w.written) // a reader skips a torn frame as well
		}
	}
	_ = os.Remove(filepath.Join(w.dir, journalDir, reserveName))
	defer w.counter.close()
	m.end(&rec)
	m.State = StateFinished
	defer func() { _ = w.locked.Close() }() // nothing is written to it
	src := &journalSource{dir: w.seg.dir, last: w.seg.n, tail: w.f, size: w.written}
	if err := writeFolder(w.dir, src, m, w.config); err != nil {
		return errors.Join(fmt.Errorf("the journal is kept, 'tailscope recover %s' finishes the folder later: %w", w.dir, err), w.f.Close())
	}
	if err := w.f.Close(); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(w.dir, journalDir))
}

// Export writes a complete folder of the state so far beside the session's
// (<run_id>_e1, _e2 …) and returns its path. Samples may be appended
// meanwhile: they wait only while the buffer is flushed.
func (w *Writer) Export() (dir string, err error) {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return "", errors.New("the session has ended; its folder is complete")
	}
	if w.err == nil {
		_ = w.flush() // a failure sticks, the frames before it are exported
	}
	m := w.manifest
	src, err := openSegments(w.seg.dir, w.seg.n)
	if err == nil {
		src.size = w.written
	}
	w.mu.Unlock()
	if err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	defer src.close()
	if dir, err = exportDir(w.dir); err != nil {
		return "", err
	}
	m.State = StateExported
	m.end(&endRecord{Reason: "exported while the session went on", TNs: clock.Monotonic(), UnixNs: time.Now().UnixNano()})
	if err := writeFolder(dir, src, m, w.config); err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	return dir, nil
}

// end takes the end of a session into the manifest.
func (m *Manifest) end(e *endRecord) {
	t := time.Unix(0, e.UnixNs).In(m.Start.Location())
	m.End, m.EndNs = &t, e.TNs
	m.Exit = Exit{Reason: e.Reason, Error: e.Error}
	m.Counts.DroppedView = e.DroppedView
}
