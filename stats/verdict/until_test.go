package verdict

import (
	"testing"
)

func FuzzParseUntil(f *testing.F) {
	for _, s := range []string{"p99 within 5 %", "optimized p50 within 1%", "diff within 10 %", "p99 within", "within 5", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseUntil(s)
		if err == nil && (!(u.Within > 0 && u.Within < 1) || u.Statistic == "") {
			t.Fatalf("ParseUntil(%q) = %+v", s, u)
		}
	})
}
