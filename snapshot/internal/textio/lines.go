package textio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// MaxLine bounds a line of a text file.
const MaxLine = 16 << 20

// Lines reads the lines of a file and counts them.
type Lines struct {
	f    *os.File
	r    *bufio.Reader
	path string
	N    int // of the line last read, 1-based
	long []byte
}

// NewLines reads the lines of f, which it closes; path names it in errors.
func NewLines(f *os.File, path string) *Lines {
	return &Lines{f: f, r: bufio.NewReaderSize(f, 256<<10), path: path}
}

// Next returns the next line without its end; it is valid until the next call.
func (l *Lines) Next() ([]byte, error) {
	l.N++
	line, err := NextLine(l.r, &l.long, MaxLine)
	if errors.Is(err, bufio.ErrTooLong) {
		err = l.Errorf("the line is longer than %d bytes", MaxLine)
	}
	return line, err
}

// NextLine returns the next line of r without its end, valid until the next call;
// one that r's buffer does not hold is put together in long. bufio.ErrTooLong: it
// has more than most bytes.
func NextLine(r *bufio.Reader, long *[]byte, most int) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		*long = append((*long)[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			if len(*long) > most {
				return nil, bufio.ErrTooLong
			}
			line, err = r.ReadSlice('\n')
			*long = append(*long, line...)
		}
		line = *long
	}
	if err != nil && !(errors.Is(err, io.EOF) && len(line) > 0) {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// Each gives every line that next returns to f.
func Each(next func() ([]byte, error), f func(line []byte) error) error {
	for {
		line, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = f(line)
		}
		if err != nil {
			return err
		}
	}
}

// Errorf makes an error that names the file and the line.
func (l *Lines) Errorf(format string, a ...any) error {
	return fmt.Errorf("%s:%d: %w", l.path, l.N, fmt.Errorf(format, a...))
}

// Close closes the file.
func (l *Lines) Close() { _ = l.f.Close() } // opened for reading
