package ort

import (
	"runtime/debug"
	"sync"
	"testing"
)

// A worker that ends beside one that begins reads a heap of its own: where they
// shared one, a reading was looked at before it was taken.
func TestEachWorkerReadsItsOwnHeap(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100)) // which they restore in no order
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				c, restore := quietCollector()
				c.collectIfDue()
				if c.floor == 0 || c.heapBytes() == 0 {
					t.Errorf("the heap was never read: %+v", c)
				}
				restore()
			}
		})
	}
	all.Wait()
}
