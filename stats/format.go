package stats

import (
	"fmt"
	"math"
	"strconv"
)

// FormatMs prints nanoseconds as milliseconds with three significant digits.
func FormatMs(ns float64) string {
	ms := ns / 1e6
	switch {
	case math.IsNaN(ms):
		return "—"
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms >= 1:
		return fmt.Sprintf("%.2f ms", ms)
	}
	return fmt.Sprintf("%.3f ms", ms)
}

// SignedMs is FormatMs with a sign, for differences, with three significant digits of however small a one.
func SignedMs(ns float64) string {
	sign, size := "+", math.Abs(ns)
	if ns < 0 {
		sign = "-"
	}
	if size >= .0005 && size < 1e4 {
		return sign + strconv.FormatFloat(size/1e6, 'f', 8-int(math.Floor(math.Log10(size))), 64) + " ms"
	}
	return sign + FormatMs(size)
}
