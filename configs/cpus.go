package configs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxCPUs bounds the number of a CPU: what the kernel's set has room for.
const MaxCPUs = 1024

// ParseCPUs reads a list of logical CPUs such as "2-5,7", ascending.
func ParseCPUs(list string) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(list, ",") {
		lo, hi, isRange := strings.Cut(strings.TrimSpace(part), "-")
		a, err := strconv.Atoi(lo)
		b := a
		if err == nil && isRange {
			b, err = strconv.Atoi(hi)
		}
		if err != nil || a < 0 || b < a || b >= MaxCPUs {
			return nil, fmt.Errorf("%s is not a list of cores such as 2-5 or 0,2", quote(list))
		}
		for n := a; n <= b; n++ {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
