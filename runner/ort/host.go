package ort

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// noise is what the host did to the calling thread up to an instant.
type noise struct {
	runDelay              int64 // ns runnable but not running; -1: the kernel does not say
	minflt, majflt, nivcs int64
}

// noiseProbe reads noise of the thread that made it. It keeps its file open:
// one pread and one getrusage a reading, about 2 µs, outside timed regions.
type noiseProbe struct {
	schedstat *os.File
	buf       [64]byte
	watched   []*os.File // of the threads in the pools of the sessions that run
	waited    []int64    // run delay of each, before
}

// newNoiseProbe must be called on the (locked) thread that will be measured.
func newNoiseProbe() *noiseProbe {
	f, err := os.Open("/proc/thread-self/schedstat")
	if err != nil {
		return &noiseProbe{}
	}
	return &noiseProbe{schedstat: f}
}

func (p *noiseProbe) close() {
	if p.schedstat != nil {
		p.schedstat.Close()
	}
}

func (p *noiseProbe) read() noise {
	n := noise{runDelay: p.runDelay()}
	var ru unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &ru) == nil {
		n.minflt, n.majflt, n.nivcs = ru.Minflt, ru.Majflt, ru.Nivcsw
	}
	return n
}

// runDelay is the second field of schedstat: "running waiting slices".
func (p *noiseProbe) runDelay() int64 {
	if p.schedstat == nil {
		return -1
	}
	return p.delayOf(p.schedstat)
}

func (p *noiseProbe) delayOf(f *os.File) int64 {
	k, err := unix.Pread(int(f.Fd()), p.buf[:], 0)
	if err != nil {
		return -1
	}
	var i, j int
	for i = 0; i < k && p.buf[i] != ' '; i++ {
	}
	var v int64
	for j = i + 1; j < k && p.buf[j] >= '0' && p.buf[j] <= '9'; j++ {
		v = v*10 + int64(p.buf[j]-'0')
	}
	if j == i+1 {
		return -1
	}
	return v
}

// since is what happened between an earlier reading and n.
func (n noise) since(before noise) noise {
	d := noise{n.runDelay - before.runDelay, n.minflt - before.minflt, n.majflt - before.majflt, n.nivcs - before.nivcs}
	if n.runDelay < 0 || before.runDelay < 0 {
		d.runDelay = -1
	}
	return d
}

// mapped is page-aligned host memory outside Go's heap, touched in advance so
// that no page fault falls into a timed region.
type mapped struct{ b []byte }

func newMapped(n int) (mapped, error) {
	n = max(n, 1)
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_POPULATE)
	if err != nil {
		return mapped{}, fmt.Errorf("allocate %d bytes: %w", n, err)
	}
	return mapped{b}, nil
}

func (m *mapped) free() {
	if m.b != nil {
		unix.Munmap(m.b)
		m.b = nil
	}
}

func (m mapped) at() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(m.b)) }
