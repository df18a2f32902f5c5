package native

/*
#include "threads.h"
*/
import "C"

import (
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"unsafe"
)

// pool is the threads that a session computes with besides the one that runs
// it. What the kernel makes them wait is in the noise of a sample.
type pool struct {
	list  unsafe.Pointer
	Stats []*os.File // schedstat of each thread
}

// openStats bounds the files that all pools keep open: with hundreds of
// executables on many cores the later ones are not watched.
const maxOpenStats = 2048

var openStats atomic.Int32

// newPool makes the options' sessions put their threads on a list.
func newPool(o cOptions) (*pool, error) {
	p := &pool{list: C.ts_threads_new()}
	if p.list == nil {
		return nil, fmt.Errorf("list of threads: out of memory")
	}
	if err := take(C.ts_threads_use(o.p, p.list)); err != nil {
		p.free()
		return nil, fmt.Errorf("list of threads: %w", err)
	}
	return p, nil
}

// open opens the threads' counters, once the session has its threads.
func (p *pool) open() {
	var ids [1024]C.int
	n := min(int(C.ts_threads_ids(p.list, &ids[0], C.int(len(ids)))), len(ids))
	for _, id := range ids[:n] {
		Compute(int(id))
		if openStats.Load() >= maxOpenStats {
			continue
		}
		if f, err := os.Open(fmt.Sprintf("/proc/self/task/%d/schedstat", int(id))); err == nil {
			openStats.Add(1)
			p.Stats = append(p.Stats, f)
		}
	}
}

// free is called when the session is gone.
func (p *pool) free() {
	if p == nil {
		return
	}
	for _, f := range p.Stats {
		f.Close()
		openStats.Add(-1)
	}
	C.ts_threads_free(p.list)
	p.list, p.Stats = nil, nil
}

// Start reads what the host has done so far to this thread and to the pools of
// sessions that are about to run.
func (p *NoiseProbe) Start(ss ...*Session) Noise {
	p.watched, p.waited = p.watched[:0], p.waited[:0]
	for i, s := range ss {
		if s == nil || s.Pool == nil || slices.Contains(ss[:i], s) {
			continue
		}
		for _, f := range s.Pool.Stats {
			p.watched, p.waited = append(p.watched, f), append(p.waited, p.delayOf(f))
		}
	}
	return p.Read()
}

// Stop is what happened since. A region waits for its slowest thread, so its
// run-queue delay is the largest of any thread's: the sum would blame the host
// for more time than it took.
func (p *NoiseProbe) Stop(before Noise) Noise {
	n := p.Read().Since(before)
	for i, f := range p.watched {
		now := p.delayOf(f) // -1 when its session was evicted meanwhile
		if before := p.waited[i]; now >= 0 && before >= 0 {
			n.RunDelay = max(n.RunDelay, now-before)
		}
	}
	return n
}
