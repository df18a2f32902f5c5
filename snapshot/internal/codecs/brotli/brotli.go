// Package brotli stands in for github.com/andybalholm/brotli, which parquet-go
// links for a codec that no file of ours uses, and which brings an HTTP server
// along: a tenth of what the first build compiles. Everything here refuses.
package brotli

import (
	"errors"
	"io"
)

// ErrNotBuiltIn is what every use gets.
var ErrNotBuiltIn = errors.New("Parquet compressed with Brotli is not built in; zstd, snappy and gzip are")

// WriterOptions is there for parquet-go to fill in.
type WriterOptions struct{ Quality, LGWin int }

// Writer refuses.
type Writer struct{}

// Reader refuses.
type Reader struct{}

// NewWriterOptions returns a Writer that refuses.
func NewWriterOptions(io.Writer, WriterOptions) *Writer { return &Writer{} }

// NewReader returns a Reader that refuses.
func NewReader(io.Reader) *Reader { return &Reader{} }

func (*Writer) Write([]byte) (int, error) { return 0, ErrNotBuiltIn }

// Close has nothing to close.
func (*Writer) Close() error { return nil }

// Reset changes nothing.
func (*Writer) Reset(io.Writer) {}

func (*Reader) Read([]byte) (int, error) { return 0, ErrNotBuiltIn }

// Reset changes nothing.
func (*Reader) Reset(io.Reader) error { return nil }
