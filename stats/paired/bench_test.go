package paired

import (
	"testing"

	"github.com/tailscope/tailscope/stats/internal/statstest"
)

// BenchmarkBootstrap is what runs beside the session: 4,096 pairs, 1,000
// resamples.
func BenchmarkBootstrap(b *testing.B) {
	g := statstest.NewStream(2)
	pairs := make([]Pair, 1<<12)
	for i := range pairs {
		x, y := g.Next(), g.Next()
		pairs[i] = Pair{Eager: x.WallNs, Optimized: y.WallNs}
	}
	b.ReportAllocs()
	for b.Loop() {
		Bootstrap(pairs, BootstrapOptions{})
	}
}
