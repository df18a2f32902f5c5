//go:build ortbench

package ort

/*
#include "cuda.h"
#include "shim.h"
*/
import "C"

// What ts_run_stream is made of, one piece at a time, for the benchmark that
// asks what each costs.

func (s *stream) begin() {
	if s != nil {
		C.ts_stream_begin(&s.c)
	}
}

func (s *stream) end() {
	if s != nil {
		C.ts_stream_end(&s.c)
	}
}

func (s *stream) read(dst, src tensor) error {
	if s == nil {
		return nil
	}
	return take(C.ts_stream_copy(&s.c, dst.host, src.at, C.size_t(src.bytes)))
}

func (s *stream) idle() error {
	if s == nil {
		return nil
	}
	return s.wait()
}

func (s *stream) noWait() cRunOpts {
	if s == nil {
		return cRunOpts{}
	}
	return s.ro
}
