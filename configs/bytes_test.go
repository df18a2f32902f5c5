package configs

import "testing"

func TestSizes(t *testing.T) {
	for s, want := range map[string]int64{"20GB": 20e9, "512 MiB": 512 << 20, "1.5kB": 1500, "7": 7, "0": 0, "": 0} {
		if n, err := Bytes("max_disk", s); err != nil || n != want {
			t.Errorf("%q: %d, %v; want %d", s, n, err, want)
		}
	}
	for _, s := range []string{"x", "-1GB", "GB", "NaN", "1e30TB"} {
		if n, err := Bytes("max_disk", s); err == nil {
			t.Errorf("%q was read as %d", s, n)
		}
	}
}
