//go:build !linux

package worker

import (
	"io"
	"os"
	"syscall"
)

// linePipe is the pipe of the worker's lines.
func linePipe() (out io.ReadCloser, theirs *os.File, err error) { return os.Pipe() }

// writeNow writes nothing: the sender's goroutine does it.
func writeNow(syscall.RawConn, []byte) (int, error) { return 0, nil }
