package advisor

import (
	"testing"
)

// BenchmarkAdvise plans k = 1 … 8 over 500 distinct lengths.
func BenchmarkAdvise(b *testing.B) {
	var ls []LengthCount
	for i := range 500 {
		ls = append(ls, LengthCount{3*i + 5, 1 + 1000/(i+1)})
	}
	b.ReportAllocs()
	for b.Loop() {
		Advise(ls, CostModel{BaseNs: 1e6, PerTokenNs: 1e4, CompileNs: 30e6}, 8)
	}
}
