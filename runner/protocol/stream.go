package protocol

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
)

// ErrTooLong is wrapped by the LineError of a line longer than MaxLine.
var ErrTooLong = fmt.Errorf("longer than %d bytes", MaxLine)

// LineError is a line that is no message. The stream goes on after it.
type LineError struct {
	Line int // 1-based
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong with the line.
func (e *LineError) Unwrap() error { return e.Err }

// Reader reads messages from a stream. It is not safe for concurrent use.
type Reader struct {
	r    *bufio.Reader
	line int
	size int
	long []byte // a line that did not fit into r's buffer
}

// NewReader returns a Reader over r. It takes as much at once as a pipe holds.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 64<<10)} }

// Line returns the number of the last line read, 1-based.
func (r *Reader) Line() int { return r.line }

// Size is the length of the last line read, in bytes.
func (r *Reader) Size() int { return r.size }

// Buffered is the number of bytes that were read but not yet returned.
func (r *Reader) Buffered() int { return r.r.Buffered() }

// HasLine reports whether Next returns without reading.
func (r *Reader) HasLine() bool {
	b, _ := r.r.Peek(r.r.Buffered()) // what is there cannot fail
	return bytes.IndexByte(b, '\n') >= 0
}

// Next returns the next message as Decode does; blank lines are skipped. A
// *LineError concerns that line alone and Next may be called again; any other
// error ends the stream (io.EOF when it ended well). A last line without a
// newline counts when it is a whole message, else its LineError wraps
// io.ErrUnexpectedEOF.
func (r *Reader) Next() (any, error) {
	for {
		line, err := r.readLine()
		r.size = len(line)
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		msg, bad := Decode(line)
		switch {
		case bad == nil:
			return msg, nil
		case err != nil:
			return nil, &LineError{r.line, fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, bad)}
		}
		return nil, &LineError{r.line, bad}
	}
}

// maxSkip bounds what is read of a line that is too long: beyond it the stream
// is given up.
const maxSkip = 16 * MaxLine

// readLine returns one line, valid until the next call. With io.EOF it may
// return an unfinished one. A line beyond MaxLine is read to its end and
// reported, so memory stays bounded and the stream in step.
func (r *Reader) readLine() ([]byte, error) {
	r.line++
	part, err := r.r.ReadSlice('\n')
	if err == nil || !errors.Is(err, bufio.ErrBufferFull) {
		return part, err
	}
	r.long = append(r.long[:0], part...)
	for skipped := 0; errors.Is(err, bufio.ErrBufferFull); {
		part, err = r.r.ReadSlice('\n')
		if len(r.long) <= MaxLine {
			r.long = append(r.long, part...)
		} else if skipped += len(part); skipped > maxSkip {
			return nil, fmt.Errorf("line %d has no end: %w", r.line, ErrTooLong)
		}
	}
	line := r.long
	if cap(line) > 4<<20 {
		r.long = nil // do not keep what one large line needed
	}
	if len(line) > MaxLine && (err == nil || errors.Is(err, io.EOF)) {
		return nil, &LineError{r.line, ErrTooLong}
	}
	return line, err
}

// Attend answers what a session asks of an engine that only observes, until it
// says stop or says no more.
func Attend(r *Reader, w *Writer) {
	for {
		msg, err := r.Next()
		if err != nil {
			return
		}
		switch m := msg.(type) { // nobody to read an answer is the session's end
		case *Flush:
			_ = w.Send(&Flushed{ID: m.ID})
		case *Clear:
			_ = w.Send(&Cleared{ID: m.ID})
		case *Stop:
			return
		}
	}
}

// Writer writes messages to a stream. It is safe for concurrent use. After a
// failed write every call returns that error.
type Writer struct {
	mu  sync.Mutex
	w   *bufio.Writer
	buf []byte
	err error
}

// NewWriter returns a Writer over w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: bufio.NewWriterSize(w, 64<<10)} }

// Send writes one message (a struct of this package or a pointer to one; "t"
// is filled in) and everything queued before it.
func (w *Writer) Send(msg any) error { return w.put(msg, true) }

// Queue adds one message to the buffer. It goes out with the next Send or
// Flush, or when the buffer is full.
func (w *Writer) Queue(msg any) error { return w.put(msg, false) }

// Flush writes what is queued.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush()
}

func (w *Writer) put(msg any, flush bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	line, err := appendMessage(w.buf[:0], msg)
	if err != nil {
		return err
	}
	w.buf = line
	if len(line) > MaxLine {
		return fmt.Errorf("send %T: %w", msg, ErrTooLong)
	}
	if _, w.err = w.w.Write(line); w.err != nil {
		return w.err
	}
	if !flush {
		return nil
	}
	return w.flush()
}

func (w *Writer) flush() error {
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}
