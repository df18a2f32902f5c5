package rows

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/tailscope/tailscope/configs/regular"
	"github.com/tailscope/tailscope/snapshot/internal/textio"
)

// MaxLine bounds a line of a text file.
const MaxLine = 64 << 20

// Text is the content of a file from its beginning: unpacked where it is gzip,
// UTF-8 where it is UTF-16, and without a byte order mark.
type Text struct {
	File *os.File // as it lies on disk
	Head []byte   // the first HeadSize bytes of the content
	r    *bufio.Reader
	N    int // of the line last read, 1-based
	long []byte
}

// Open opens a file.
func Open(path string) (*Text, error) {
	f, err := regular.Open(path) // a pipe or a device would never end
	if err != nil {
		return nil, err
	}
	t := &Text{File: f, r: bufio.NewReaderSize(f, HeadSize)}
	if err := t.unpack(); err != nil {
		_ = f.Close() // opened for reading
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func (t *Text) unpack() error {
	if head, _ := t.r.Peek(3); len(head) == 3 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(t.r)
		if err != nil {
			return err
		}
		t.r = bufio.NewReaderSize(z, HeadSize)
	}
	head, _ := t.r.Peek(3)
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		_, _ = t.r.Discard(3) // it was seen
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		d := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
		t.r = bufio.NewReaderSize(transform.NewReader(t.r, d), HeadSize)
	}
	head, err := t.r.Peek(HeadSize)
	t.Head = bytes.Clone(head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	return nil
}

// Read reads the content.
func (t *Text) Read(b []byte) (int, error) { return t.r.Read(b) }

// Next returns the next line without its end; it is valid until the next call.
func (t *Text) Next() ([]byte, error) {
	t.N++
	line, err := textio.NextLine(t.r, &t.long, MaxLine)
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("line %d is longer than %d bytes", t.N, MaxLine)
	}
	return line, err
}

// Each gives every line that follows to f.
func (t *Text) Each(f func(line []byte) error) error { return textio.Each(t.Next, f) }

// All returns the whole content, which is refused beyond limit bytes.
func (t *Text) All(limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(t.r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("the file is larger than %d bytes", limit)
	}
	return b, err
}

// Close closes the file.
func (t *Text) Close() { _ = t.File.Close() } // opened for reading
