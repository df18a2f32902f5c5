package draw

import (
	"math"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// Every bin stands in exactly the columns that its place says, none is lost,
// and the bins fill most of the room from the first on.
func TestTimeGridLosesNothingAndFillsTheRoom(t *testing.T) {
	const binNs = 100e6
	for _, start := range []int64{0, 7, 1234567} {
		for _, cols := range []int{1, 2, 7, 30, 69, 110, 186} {
			for n := 1; n < 900; n += 1 + n/9 {
				bins := make([]stats.TimeBin, n)
				v := make([]float64, n)
				for i := range bins {
					bins[i].TNs, v[i] = (start+int64(i))*binNs, float64(i+1)
				}
				g := NewTimeGrid(bins, binNs, cols)
				if u := g.Used(); u > cols || u < cols*3/4-1 && n > 3 {
					t.Fatalf("%d bins from %d fill %d of %d columns", n, start, u, cols)
				}
				seen := make([]bool, n)
				for c := range g.Used() {
					lo, hi := g.Bins(c)
					if lo >= hi {
						t.Fatalf("%d bins, %d columns: column %d of %d is empty", n, cols, c, g.Used())
					}
					for i := lo; i < hi; i++ {
						seen[i] = true
						if first := g.Col(i); first > c || g.p >= g.q && first != c {
							t.Fatalf("bin %d is in column %d, col says %d", i, c, first)
						}
					}
				}
				for i, ok := range seen {
					if !ok {
						t.Fatalf("%d bins, %d columns: bin %d is nowhere", n, cols, i)
					}
				}
				if top := MaxOf(g.Pool(v, cols)...); top != float64(n) {
					t.Fatalf("the largest of %d is %v", n, top)
				}
				if !math.IsNaN(append(g.Pool(v, cols), math.NaN())[g.Used()]) {
					t.Fatal("a column beyond the last bin has a value")
				}
			}
		}
	}
}

// A new bin leaves the columns before it as they are.
func TestTimeGridStandsStill(t *testing.T) {
	const binNs, cols = 100e6, 110
	changes := 0
	var before TimeGrid
	for n := 20; n < 800; n++ {
		bins := make([]stats.TimeBin, n)
		for i := range bins {
			bins[i].TNs = int64(i+13) * binNs
		}
		g := NewTimeGrid(bins, binNs, cols)
		if before.n > 0 && (g.p != before.p || g.q != before.q || g.left != before.left) {
			changes++
		}
		before = g
	}
	if changes > 25 {
		t.Errorf("the scale changed %d times while bins grew fortyfold", changes)
	}
}
