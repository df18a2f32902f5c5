package configs

import (
	"slices"
	"testing"
)

func TestParseCPUs(t *testing.T) {
	for in, want := range map[string][]int{"0": {0}, "7, 2-5": {2, 3, 4, 5, 7}, "3,1,2,2": {1, 2, 3}, "0,2,4-4": {0, 2, 4}} {
		if c, err := ParseCPUs(in); err != nil || !slices.Equal(c, want) {
			t.Errorf("%q: %v, %v; want %v", in, c, err, want)
		}
	}
	for _, in := range []string{"", "x", "3-1", "-1", "1,", "1024", "0-99999999"} {
		if c, err := ParseCPUs(in); err == nil {
			t.Errorf("%q: %v", in, c)
		}
	}
}
