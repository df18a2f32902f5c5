package journal

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// ErrDiskFull is what an Writer returns once the disk is full or the bound
// of the session folder is reached. What was flushed before is safe, and the
// folder is finished with what still fits.
var ErrDiskFull = errors.New("the disk is full")

const (
	lockName    = "lock"
	counterName = "accepted"
	reserveName = "reserve"
	// reserveBytes are kept aside so that a full disk still takes the last
	// events and the manifest.
	reserveBytes = 1 << 20
)

// Options bound a journal. Zero values mean the usual.
type Options struct {
	SegmentRows uint64                                    // samples after which a segment is full
	MaxBytes    int64                                     // of the session folder; 0: no bound
	Estimate    func(journal int64, samples uint64) int64 // what the folder may come to; nil: the journal
}

// Writer appends records to a journal. One goroutine calls Sample, Event,
// GPU, Evidence, Counters, Loaded and Flush; SoFar may be called from another
// at the same time.
type Writer struct {
	o        Options
	counter  *counter
	warned   bool
	low      bool  // the disk was said to be nearly full
	moved    bool  // the folder was said to have been moved
	looked   int64 // at the folder's place and its disk, CLOCK_MONOTONIC
	warnings []stats.Event
	rotation rotation
	locked   *os.File

	mu      sync.Mutex // guards everything below
	seg     Segment    // being appended to
	f       *os.File
	enc     *frameEncoder
	written int64  // bytes of whole frames in f
	rows    uint64 // samples in f
	older   int64  // bytes of the segments before
	err     error  // sticky
	closed  bool
}

// Create starts a journal in the empty folder dir.
func Create(dir *door.Dir, o Options) (*Writer, error) {
	o.SegmentRows = cmp.Or(o.SegmentRows, rotateRows)
	w := &Writer{o: o, enc: newFrameEncoder()}
	err := dir.WriteFile(reserveName, make([]byte, reserveBytes))
	if err != nil {
		return nil, err
	}
	if w.locked, err = dir.New(lockName); err != nil {
		return nil, err
	}
	if err := sys.Lock(w.locked); err != nil { // held until the process ends
		return nil, errors.Join(err, w.locked.Close())
	}
	if err := w.begin(Segment{dir, 1}); err != nil {
		return nil, errors.Join(err, w.locked.Close())
	}
	w.counter = newCounter(dir)
	w.rotation.start(w)
	return w, nil
}

// begin goes on in a new segment.
func (w *Writer) begin(s Segment) error {
	f, err := s.dir.New(s.frames())
	if err != nil {
		return err
	}
	if _, err = f.WriteString(magic); err != nil {
		return errors.Join(err, f.Close(), s.dir.Remove(s.frames()))
	}
	w.seg, w.f, w.written, w.rows = s, f, int64(len(magic)), 0
	return nil
}

// Sample takes in one sample and, of decode, the time of each of its steps
// and the cache length after each. It copies what it keeps.
func (w *Writer) Sample(s *stats.Sample, steps []int64, kv []int32) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if len(steps) > maxSteps {
		w.note(fmt.Sprintf("Request %d has %d decode steps: the first %d are kept.", s.Request, len(steps), maxSteps))
		steps, kv = steps[:maxSteps], kv[:min(len(kv), maxSteps)]
	}
	w.enc.sample(s, steps, kv)
	w.counter.add()
	if len(w.enc.buf) >= frameTarget {
		return w.flush()
	}
	return nil
}

// Event takes in one event. Of one that is larger than a reader takes, the
// beginning of the reason is kept.
func (w *Writer) Event(e *stats.Event) error {
	if size := eventSize(e); size > maxEvent {
		short := *e
		short.Reason = string([]rune(e.Reason[:min(len(e.Reason), 4096)])) + " …"
		short.Extra = map[string]any{"shortened_bytes": size}
		e = &short
	}
	return w.record(KindEvent, e)
}

// maxEvent bounds an event in a journal, bytes.
const maxEvent = 1 << 20

// eventSize is about what an event takes.
func eventSize(e *stats.Event) int {
	n := len(e.Reason) + len(e.Shape) + len(e.Strategy)
	if n <= maxEvent && e.Extra != nil {
		b, _ := json.Marshal(e.Extra) // what cannot be encoded is told by record
		n += len(b)
	}
	return n
}

// GPU takes in one reading.
func (w *Writer) GPU(t gpu.State) error { return w.record(KindTelemetry, &t) }

// Evidence takes in what proves one executable.
func (w *Writer) Evidence(e protocol.Evidence) error { return w.record(KindEvidence, &e) }

// Counters takes in the state of the compile cache; the newest of a worker
// generation counts.
func (w *Writer) Counters(c protocol.Counters) error { return w.record(KindCounters, &c) }

// Loaded takes in what the engine says of itself and its model.
func (w *Writer) Loaded(l protocol.Loaded) error { return w.record(KindLoaded, &l) }

func (w *Writer) record(kind Kind, v any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	before := len(w.enc.buf)
	if err := w.enc.json(kind, v); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if size := len(w.enc.buf) - before; size > maxFrame-2*frameTarget {
		w.enc.buf = w.enc.buf[:before]
		w.note(fmt.Sprintf("A record of %s is left out: no reader takes one so large.", FormatBytes(int64(size))))
		return nil
	}
	if len(w.enc.buf) >= frameTarget {
		return w.flush()
	}
	return nil
}

// note leaves an event of the journal's own.
func (w *Writer) note(sentence string) {
	e := w.warn(sentence)
	_ = w.enc.json(KindEvent, &e) // an Event always encodes
}

// Flush writes what is buffered. The owner calls it at least every 100 ms: a
// crash of the process loses what was taken in since, and recovery counts it.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.look()
	}
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
	w.checkBound()
	if w.err == nil && (w.rows >= w.o.SegmentRows || w.written >= rotateBytes) {
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
	if w.begin(Segment{w.seg.dir, w.seg.n + 1}) != nil {
		return
	}
	w.older += size
	_ = full.Close() // every frame was written without an error
	w.rotation.wake()
}

// End takes in the end of the session and hands out the whole of it, to be
// read until Close. A second End is an error.
func (w *Writer) End(e EndRecord) (*Reader, error) {
	w.rotation.stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, errors.New("the session folder is finished already")
	}
	w.closed = true
	if err := w.enc.json(KindEnd, &e); err != nil {
		return nil, err
	}
	switch {
	case w.err == nil:
		if err := w.flush(); err != nil && !errors.Is(err, ErrDiskFull) {
			return nil, errors.Join(err, w.close())
		}
	case errors.Is(w.err, ErrDiskFull): // the end may still fit, so that recovery knows of it
		w.writeLast()
		_ = w.f.Truncate(w.written) // a reader skips a torn frame as well
	}
	_ = w.seg.dir.Remove(reserveName)
	ns, err := segmentsIn(w.seg.dir)
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return &Reader{dir: w.seg.dir, ns: ns, tail: w.f, size: w.written}, nil
}

// Close closes an ended journal; its files stay.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.close()
}

func (w *Writer) close() error {
	w.counter.close()
	_ = w.locked.Close() // nothing is written to it
	return w.f.Close()
}

// SoFar hands out what was taken in until now; the caller closes it.
func (w *Writer) SoFar() (*Reader, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, errors.New("the session has ended; its folder is complete")
	}
	if w.err == nil {
		_ = w.flush() // a failure sticks, the frames before it are handed out
	}
	src, err := openSegments(w.seg.dir)
	if err == nil {
		src.size = w.written
	}
	return src, err
}

// Accepted counts the samples that were taken in.
func (w *Writer) Accepted() uint64 { return w.counter.n.Load() }
