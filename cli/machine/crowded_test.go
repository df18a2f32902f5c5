package machine

import (
	"strings"
	"testing"
)

// More compute threads than CPUs flip the winner in silence: doctor says so
// before anything is measured.
func TestCrowdedThreadsAreTold(t *testing.T) {
	for _, c := range []struct {
		threads, cpus int
		quota, says   string
	}{
		{1, 1, "max 100000", ""},
		{8, 8, "", ""},
		{8, 8, "800000 100000", ""},
		{8, 16, "1600000 100000", ""},
		{8, 1, "max 100000", "8 threads to compute with where the worker has 1 CPUs"},
		{8, 8, "150000 100000", "8 threads to compute with where the control group gives the time of 1.5 CPUs: they wait for each other, which can turn the winner round; --threads 1"},
		{1, 1, "50000 100000", "1 thread to compute with where the control group gives the time of 0.5 CPUs"},
		{1, 1, "nonsense", ""},
	} {
		got := crowdedWords(c.threads, c.cpus, c.quota)
		if (c.says == "") != (got == "") || !strings.Contains(got, c.says) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
