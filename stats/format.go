package stats

import (
	"fmt"
	"math"
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

// SignedMs is FormatMs with a sign, for differences.
func SignedMs(ns float64) string {
	if ns < 0 {
		return "-" + FormatMs(-ns)
	}
	return "+" + FormatMs(ns)
}
