package protocol

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/tailscope/tailscope/internal/must"
)

func TestReaderNamesTheLineAndGoesOn(t *testing.T) {
	in := "{\"t\":\"stop\"}\n\n  \nnonsense\n{\"t\":\"clear\",\"id\":3}\n"
	r := NewReader(iotest.OneByteReader(strings.NewReader(in)))
	if msg, err := r.Next(); err != nil || msg.(*Stop).T != "stop" {
		t.Fatalf("first: %v, %v", msg, err)
	}
	_, err := r.Next()
	var line *LineError
	if !errors.As(err, &line) || line.Line != 4 || !strings.HasPrefix(err.Error(), "line 4: not JSON") {
		t.Fatalf("got %v, want an error of line 4", err)
	}
	if msg, err := r.Next(); err != nil || msg.(*Clear).ID != 3 {
		t.Fatalf("after the bad line: %v, %v", msg, err)
	}
	for range 2 {
		if msg, err := r.Next(); err != io.EOF {
			t.Fatalf("at the end: %v, %v", msg, err)
		}
	}
}

func TestReaderBoundsLines(t *testing.T) {
	long := `{"t":"load","model":"` + strings.Repeat("x", MaxLine) + `"}` + "\n"
	r := NewReader(strings.NewReader(long + `{"t":"stop"}` + "\n"))
	_, err := r.Next()
	var line *LineError
	if !errors.Is(err, ErrTooLong) || !errors.As(err, &line) || line.Line != 1 {
		t.Fatalf("got %v, want line 1 too long", err)
	}
	if msg, err := r.Next(); err != nil || msg.(*Stop) == nil {
		t.Fatalf("after the long line: %v, %v", msg, err)
	}
	if cap(r.long) > MaxLine+1<<20 {
		t.Errorf("reader keeps %d bytes", cap(r.long))
	}
}

func TestReaderTakesLongLines(t *testing.T) {
	b := sampleBatch(20_000) // some megabytes, several buffers
	line, err := appendMessage(nil, b)
	if err != nil || len(line) < 1<<20 {
		t.Fatalf("%d bytes, %v", len(line), err)
	}
	msg, err := NewReader(bytes.NewReader(line)).Next()
	if err != nil || msg.(*Batch).Len() != 20_000 {
		t.Fatalf("%T, %v", msg, err)
	}
}

func TestReaderAtATornEnd(t *testing.T) {
	if msg, err := NewReader(strings.NewReader(`{"t":"stop"}`)).Next(); err != nil || msg.(*Stop) == nil {
		t.Fatalf("whole message without newline: %v, %v", msg, err)
	}
	r := NewReader(strings.NewReader("{\"t\":\"stop\"}\n{\"t\":\"bat"))
	must.Get(r.Next())(t)
	_, err := r.Next()
	var line *LineError
	if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &line) || line.Line != 2 {
		t.Fatalf("got %v, want a torn line 2", err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Fatalf("after it: %v", err)
	}
}

func TestReaderPassesReadErrors(t *testing.T) {
	broken := errors.New("pipe broke")
	r := NewReader(io.MultiReader(strings.NewReader("{\"t\":\"stop\"}\n"), iotest.ErrReader(broken)))
	must.Get(r.Next())(t)
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
}

func TestWriterIsSafeForManySenders(t *testing.T) {
	pr, pw := io.Pipe()
	w := NewWriter(pw)
	const senders, each = 8, 200
	go func() {
		var wg sync.WaitGroup
		for range senders {
			wg.Go(func() {
				for i := range each {
					if i%2 == 0 {
						_ = w.Queue(sampleBatch(3))
					} else {
						_ = w.Send(&Cleared{ID: uint64(i)})
					}
				}
			})
		}
		wg.Wait()
		pw.CloseWithError(w.Flush()) // nil closes with EOF
	}()
	r, n := NewReader(pr), 0
	for {
		_, err := r.Next()
		if err == io.EOF {
			break
		}
		must.OK(t, err)
		n++
	}
	if n != senders*each {
		t.Fatalf("%d messages arrived, want %d", n, senders*each)
	}
}

// brokenWriter fails from the first write on.
type brokenWriter struct{ err error }

func (b brokenWriter) Write([]byte) (int, error) { return 0, b.err }

func TestWriterKeepsItsError(t *testing.T) {
	gone := errors.New("worker is gone")
	w := NewWriter(brokenWriter{gone})
	if err := w.Queue(&Stop{}); err != nil {
		t.Fatalf("queue: %v", err)
	}
	for range 2 {
		if err := w.Send(&Stop{}); !errors.Is(err, gone) {
			t.Fatalf("got %v, want %v", err, gone)
		}
	}
}

func TestWriterQueueWaits(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	if err := w.Queue(Clear{ID: 1}); err != nil || out.Len() != 0 {
		t.Fatalf("%d bytes out after Queue, %v", out.Len(), err)
	}
	must.OK(t, w.Send(Stop{}))
	if got, want := out.String(), "{\"t\":\"clear\",\"id\":1}\n{\"t\":\"stop\"}\n"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestWriterRefusesAnUnevenBatch(t *testing.T) {
	var out bytes.Buffer
	b := sampleBatch(2)
	b.MinFlt = b.MinFlt[:1]
	if err := NewWriter(&out).Send(b); err == nil || out.Len() != 0 {
		t.Fatalf("sent %q, %v", out.String(), err)
	}
}
