package native

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Noise is what the host did to the calling thread up to an instant.
type Noise struct {
	RunDelay              int64 // ns runnable but not running; -1: the kernel does not say
	Minflt, Majflt, Nivcs int64
}

// NoiseProbe reads noise of the thread that made it. It keeps its file open:
// one pread and one getrusage a reading, about 2 µs, outside timed regions.
type NoiseProbe struct {
	schedstat *os.File
	buf       [64]byte
	watched   []*os.File // of the threads in the pools of the sessions that run
	waited    []int64    // run delay of each, before
}

// NewNoiseProbe must be called on the (locked) thread that will be measured.
func NewNoiseProbe() *NoiseProbe {
	f, _ := os.Open("/proc/thread-self/schedstat") // nil where the kernel does not say
	return &NoiseProbe{schedstat: f}
}

func (p *NoiseProbe) Close() { p.schedstat.Close() }

func (p *NoiseProbe) Read() Noise {
	n := Noise{RunDelay: p.delayOf(p.schedstat)}
	var ru unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &ru) == nil {
		n.Minflt, n.Majflt, n.Nivcs = ru.Minflt, ru.Majflt, ru.Nivcsw
	}
	return n
}

// delayOf is the second field of schedstat, "running waiting slices"; -1 where
// there is no such file (any more).
func (p *NoiseProbe) delayOf(f *os.File) int64 {
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

// Since is what happened between an earlier reading and n.
func (n Noise) Since(before Noise) Noise {
	d := Noise{n.RunDelay - before.RunDelay, n.Minflt - before.Minflt, n.Majflt - before.Majflt, n.Nivcs - before.Nivcs}
	if n.RunDelay < 0 || before.RunDelay < 0 {
		d.RunDelay = -1
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
