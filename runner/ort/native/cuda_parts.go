//go:build ortbench

package native

/*
#include "cuda.h"
#include "shim.h"
*/
import "C"

// What ts_run_stream is made of, one piece at a time, for the benchmark that
// asks what each costs.

// Aside is the same with the stream that follows a run which has waited.
func (s *stream) Aside() *stream {
	if s == nil {
		return nil
	}
	a := *s
	a.c.stream = s.c.aside
	return &a
}

func (s *stream) Begin() {
	if s != nil {
		C.ts_stream_begin(&s.c)
	}
}

func (s *stream) End() {
	if s != nil {
		C.ts_stream_end(&s.c)
	}
}

func (s *stream) Read(dst, src Tensor) error {
	if s == nil {
		return nil
	}
	return take(C.ts_stream_copy(&s.c, dst.Host, src.at, C.size_t(src.Bytes)))
}

func (s *stream) Idle() error {
	if s == nil {
		return nil
	}
	return s.Wait()
}

func (s *stream) NoWait() RunOptions {
	if s == nil {
		return RunOptions{}
	}
	return s.ro
}
