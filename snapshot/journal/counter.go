package journal

import (
	"encoding/binary"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/tailscope/tailscope/runner/sys"

	"github.com/tailscope/tailscope/snapshot/internal/door"
)

// counter is a number of samples in a page that is shared with a file: when
// the process is killed, the kernel keeps the page, and Recover reads from it
// how many samples were accepted, also those that were still buffered.
type counter struct {
	page []byte
	n    *atomic.Uint64
}

// newCounter returns a counter without a file where one cannot be mapped;
// Recover then knows only what gaps on disk prove.
func newCounter(dir *door.Dir) *counter {
	c := &counter{n: new(atomic.Uint64)}
	size := os.Getpagesize()
	f, err := dir.New(counterName)
	if err != nil {
		return c
	}
	defer func() { _ = f.Close() }() // the mapping outlives it
	if _, err := f.Write(make([]byte, size)); err != nil {
		return c
	}
	page, err := sys.MapShared(f, size)
	if err != nil {
		return c
	}
	c.page, c.n = page, (*atomic.Uint64)(unsafe.Pointer(&page[0]))
	return c
}

func (c *counter) add(n uint64) { c.n.Add(n) }

func (c *counter) close() {
	if c.page == nil {
		return
	}
	page := c.page
	v := new(atomic.Uint64)
	v.Store(c.n.Load())
	c.page, c.n = nil, v
	_ = sys.Unmap(page) // nothing is lost: the file holds the page
}

// maxAccepted is more than any session takes in: a greater count is damage.
const maxAccepted = 1 << 40

// Accepted reads what a counter left. The order of bytes is the host's:
// the file never leaves the machine before it is recovered.
func Accepted(dir *door.Dir) (uint64, bool) {
	b, err := dir.ReadSmall(counterName)
	if err != nil || len(b) < 8 {
		return 0, false
	}
	n := binary.NativeEndian.Uint64(b)
	return n, n < maxAccepted
}
