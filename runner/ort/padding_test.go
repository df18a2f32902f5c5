package ort

import (
	"slices"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// A cache is compared where the mask lets it be read: what padded positions
// hold is cleared, all else stays.
func TestPaddedCacheIsNotCompared(t *testing.T) {
	e := newTestEngine(t, "default", nil)
	r := &protocol.Request{Mode: "prefill", Batch: 2, Tokens: 6, Exec: [2]int{10, 10}, Order: []string{"eager"}, Strategy: protocol.Strategy{Prefill: "padded"}}
	o := e.inLane(e.lanes[stats.Eager], r, 0)
	if o.sample.err != "" {
		t.Fatal(o.sample.err)
	}
	c := o.last
	for _, x := range c.cache {
		raw := must.Get(c.fetch(x))(t)
		all := native.AppendFloats(nil, raw, x.Typ)
		kept := c.withoutPadding(slices.Clone(all), x.Shape)
		heads, length, width := int(x.Shape[1]), int(x.Shape[2]), int(x.Shape[3])
		for i, v := range kept {
			if position := i / width % length; position < 4 && v != 0 || position >= 4 && v != all[i] {
				t.Fatalf("row %d head %d position %d: %v of %v", i/width/length/heads, i/width/length%heads, position, v, all[i])
			}
		}
	}
}
