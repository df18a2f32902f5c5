package ort

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The worker's own garbage must not be collected inside a timed region: the
// collector is off and run between requests when the heap has grown.
const (
	heapGrowth = 48 << 20 // bytes of garbage that are let lie
	heapLimit  = 2 << 30  // beyond it the runtime collects whatever happens
)

// collector is what a worker knows of its heap.
type collector struct {
	reading [1]metrics.Sample
	floor   uint64 // bytes alive after the last collection
}

// quietCollector turns Go's own collector off and returns what turns it on again.
func quietCollector() (c *collector, restore func()) {
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(heapLimit)
	c = &collector{reading: [1]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}}
	c.collect()
	return c, func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

func (c *collector) heapBytes() uint64 {
	metrics.Read(c.reading[:])
	return c.reading[0].Value.Uint64()
}

// collectIfDue collects between two requests when enough garbage lies about.
func (c *collector) collectIfDue() {
	if c.heapBytes() > c.floor+heapGrowth {
		c.collect()
	}
}

func (c *collector) collect() {
	runtime.GC()
	c.floor = c.heapBytes()
}
