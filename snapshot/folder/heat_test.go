package folder

import (
	"math/rand/v2"
	"testing"
)

// No request is lost or moved, however long the session becomes: each lies in the
// row whose bounds hold its latency, and in the bin of its time.
func TestHeatKeepsEveryRequest(t *testing.T) {
	h, rng := &Heat{}, rand.New(rand.NewPCG(1, 2))
	type request struct{ at, wall int64 }
	var all []request
	for i := range 5000 {
		r := request{int64(i) * int64(i) * 1000, 1 << 10 << rng.IntN(26)}
		r.wall += rng.Int64N(r.wall)
		all = append(all, r)
		h.add(r.at, r.wall)
	}
	want := Heat{BinNs: h.BinNs}
	for _, r := range all {
		row := 0
		for row+1 < heatRows && h.RowNs(row+1) <= float64(r.wall) {
			row++
		}
		want.N[r.at/h.BinNs][row]++
	}
	if *h != want {
		t.Error("a request is in another cell than its own")
	}
	if last := all[len(all)-1].at; last/h.BinNs >= 2*heatCols || last/h.BinNs < heatCols/2 {
		t.Errorf("bins of %d ns for %d ns", h.BinNs, last)
	}
}
