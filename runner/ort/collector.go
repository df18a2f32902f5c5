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

var heap struct {
	reading []metrics.Sample
	floor   uint64 // bytes alive after the last collection
}

// quietCollector turns the collector off and returns what turns it on again.
func quietCollector() (restore func()) {
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(heapLimit)
	heap.reading = []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	collect()
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

func heapBytes() uint64 {
	metrics.Read(heap.reading)
	return heap.reading[0].Value.Uint64()
}

// collectIfDue collects between two requests when enough garbage lies about.
func collectIfDue() {
	if heapBytes() > heap.floor+heapGrowth {
		collect()
	}
}

func collect() {
	runtime.GC()
	heap.floor = heapBytes()
}
