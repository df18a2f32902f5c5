package provision

import (
	"path/filepath"
	"testing"
)

// BenchmarkFind is what each start pays for a library in the cache.
func BenchmarkFind(b *testing.B) {
	if cached() == "" {
		b.Skip("no library in the cache: run 'tailscope setup'")
	}
	for b.Loop() {
		if p, err := Find(Options{}); err != nil || filepath.Base(p) != libName {
			b.Fatal(p, err)
		}
	}
}
