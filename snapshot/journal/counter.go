package journal

import (
	"encoding/binary"
	"os"
	"runtime/debug"
	"sync/atomic"
	"unsafe"

	"github.com/tailscope/tailscope/runner/sys"

	"github.com/tailscope/tailscope/snapshot/internal/door"
)

// counter is a number of samples in a page that is shared with a file: when
// the process is killed, the kernel keeps the page, and Recover reads from it
// how many samples were accepted, also those that were still buffered.
type counter struct {
	n      atomic.Uint64
	page   []byte
	shared *atomic.Uint64 // in page; nil: there is none
}

// newCounter returns a counter without a file where one cannot be mapped;
// Recover then knows only what gaps on disk prove.
func newCounter(dir *door.Dir) *counter {
	c := &counter{}
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
	c.page, c.shared = page, (*atomic.Uint64)(unsafe.Pointer(&page[0]))
	return c
}

// add counts one more. A page whose file somebody has cut short cannot be
// written: the kernel's signal becomes a panic, and the file is given up.
func (c *counter) add() {
	n := c.n.Add(1)
	if c.shared == nil {
		return
	}
	before := debug.SetPanicOnFault(true)
	defer func() {
		if recover() != nil {
			c.shared = nil
		}
		debug.SetPanicOnFault(before)
	}()
	c.shared.Store(n)
}

func (c *counter) close() {
	if c.page == nil {
		return
	}
	page := c.page
	c.page, c.shared = nil, nil
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
