package draw

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Missing stands wherever a value is not known. It is never 0.
const Missing = "—"

func Finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// timeUnits are those of a time, with their lengths in ns.
var timeUnits = []struct {
	name string
	ns   float64
}{{"ns", 1}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}}

// UnitOf is the unit in which ns is written with numbers below full, or seconds.
func UnitOf(ns, full float64) (unit string, div float64) {
	for _, u := range timeUnits {
		if unit, div = u.name, u.ns; math.Abs(ns) < full*div {
			break
		}
	}
	return unit, div
}

// Dur prints nanoseconds with four significant digits and a unit, 7 to 8
// cells: "1.234 ms". Not a number: a dash.
func Dur(ns float64) string {
	if !Finite(ns) {
		return Missing
	}
	unit, div := UnitOf(ns, 999.95)
	if math.Abs(ns) >= 99.995e9 {
		return Num(ns/div, 0) + " " + unit
	}
	return Digits(ns, div) + " " + unit
}

// DurCol is dur with the unit in a column of its own: "1.234 ms", "1.234 s ".
func DurCol(ns float64) string {
	s := Dur(ns)
	if strings.HasSuffix(s, " s") {
		s += " "
	}
	return s
}

// Signed is dur with a plus sign for positive values.
func Signed(ns float64) string {
	if Finite(ns) && ns > 0 {
		return "+" + Dur(ns)
	}
	return strings.Replace(Dur(ns), "-", "−", 1)
}

// Short prints nanoseconds in as few cells as make sense: "1.2ms", "45ms".
func Short(ns float64) string {
	if !Finite(ns) {
		return Missing
	}
	unit, div := UnitOf(ns, 999.5)
	x := ns / div
	prec := 0
	if math.Abs(x) < 9.95 && x != math.Trunc(x) {
		prec = 1
	}
	return Num(x, prec) + unit
}

// Brief is short with a space before the unit, for running text.
func Brief(ns float64) string {
	s := Short(ns)
	i := strings.IndexFunc(s, func(r rune) bool { return r != '.' && r != '-' && (r < '0' || r > '9') })
	if i <= 0 || s == Missing {
		return s
	}
	return s[:i] + " " + s[i:]
}

// Digits prints ns/div with four significant digits; div 1 without decimals.
func Digits(ns, div float64) string {
	x := ns / div
	prec := 3
	switch a := math.Abs(x); {
	case div == 1:
		prec = 0
	case a >= 99.995:
		prec = 1
	case a >= 9.9995:
		prec = 2
	}
	return strconv.FormatFloat(x, 'f', prec, 64)
}

// Count prints n with thousands separated: "12,345".
func Count[T int | int64 | uint64](n T) string {
	s, neg := strings.CutPrefix(strconv.FormatInt(int64(n), 10), "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if neg {
		s = "−" + s
	}
	return s
}

// Short0 prints a count in at most five cells: "1,234", "56k", "7M".
func Short0(n int) string {
	switch {
	case n < 10_000:
		return Count(n)
	case n < 10_000_000:
		return strconv.Itoa(n/1000) + "k"
	}
	return strconv.Itoa(n/1_000_000) + "M"
}

// Size prints bytes in binary units: "12.3 MiB".
func Size(b float64) string {
	if !Finite(b) {
		return Missing
	}
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for math.Abs(b) >= 1024 && i < len(units)-1 {
		b /= 1024
		i++
	}
	prec := 1
	if i == 0 || math.Abs(b) >= 100 {
		prec = 0
	}
	return strconv.FormatFloat(b, 'f', prec, 64) + " " + units[i]
}

// Pct prints a share (0–1) as a percentage.
func Pct(x float64, prec int) string {
	if !Finite(100 * x) {
		return Missing
	}
	return Num(100*x, prec) + " %"
}

// PValue prints the p of a test, or a dash.
func PValue(p float64) string {
	if Finite(p) && p < 0.001 {
		return "< 0.001"
	}
	return Num(p, 3)
}

// Num prints x with prec decimals, or a dash.
func Num(x float64, prec int) string {
	if !Finite(x) {
		return Missing
	}
	return strconv.FormatFloat(x, 'f', prec, 64)
}

// Clock prints a span of nanoseconds as m:ss, or h:mm:ss from an hour on.
func Clock(ns int64) string {
	sign := ""
	if ns <= -1e9 { // there is no −0:00
		sign = "−"
	}
	s := max(ns, -ns) / 1e9
	if s >= 3600 {
		return fmt.Sprintf("%s%d:%02d:%02d", sign, s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%s%d:%02d", sign, s/60, s%60)
}

// ClockMs is clock with milliseconds, for events.
func ClockMs(ns int64) string {
	if ns < 0 {
		return Clock(ns)
	}
	return Clock(ns) + fmt.Sprintf(".%03d", ns/1e6%1000)
}

// Plural is "1 compile" or "2,000 compiles".
func Plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return Count(n) + " " + word + "s"
}

// ClockTenths is clock with tenths of a second, for a few seconds.
func ClockTenths(ns int64) string {
	if ns < 0 {
		return Clock(ns)
	}
	return Clock(ns) + fmt.Sprintf(".%d", ns/1e8%10)
}

// Span prints a duration for people: "250 ms", "10 s", "2 min".
func Span(d time.Duration) string {
	switch {
	case d <= 0:
		return Missing
	case d < time.Second:
		return Brief(float64(d))
	case d < 2*time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'g', 3, 64) + " s"
	case d < 2*time.Hour:
		return strconv.FormatFloat(d.Minutes(), 'g', 3, 64) + " min"
	}
	return strconv.FormatFloat(d.Hours(), 'g', 3, 64) + " h"
}

// Quantile prints a quantile (0–1) as a percentile: "p96.3". It never rounds
// up to p100, which would be the maximum.
func Quantile(q float64) string {
	if !(q >= 0 && q <= 1) {
		return Missing
	}
	prec := 1
	if q > 0.99 {
		prec = 2 // so that p99.95 does not become p100
	}
	x, scale := 100*q, math.Pow10(prec)
	if q < 1 && math.Round(x*scale) >= 100*scale {
		x = math.Floor(x*scale) / scale
	}
	s := strconv.FormatFloat(x, 'f', prec, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	return "p" + s
}

// Speed prints the pace of a replay: "×2".
func Speed(x float64) string {
	if !Finite(x) {
		return Missing
	}
	return "×" + strconv.FormatFloat(x, 'g', 3, 64)
}

// MaxOf is the largest finite value of xs, NaN when there is none.
func MaxOf(xs ...float64) float64 {
	m := math.NaN()
	for _, x := range xs {
		if Finite(x) && !(m >= x) {
			m = x
		}
	}
	return m
}

// MinOf is the smallest finite value of xs, NaN when there is none.
func MinOf(xs ...float64) float64 {
	m := math.NaN()
	for _, x := range xs {
		if Finite(x) && !(m <= x) {
			m = x
		}
	}
	return m
}

// Magnitude reads back what these functions print: a number with separators and
// a unit, as one that compares with others of its kind. ok is false where s does
// not begin with a number.
func Magnitude(s string) (x float64, ok bool) {
	s = strings.NewReplacer(",", "", "−", "-", "+", "").Replace(strings.TrimSpace(s))
	end := strings.IndexFunc(s, func(r rune) bool { return r != '.' && r != '-' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(s)
	}
	x, err := strconv.ParseFloat(s[:end], 64)
	if err != nil {
		return 0, false
	}
	unit, _, _ := strings.Cut(strings.TrimSpace(s[end:]), " ")
	if f, known := map[string]float64{"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[unit]; known {
		x *= f
	}
	return x, true
}

// Numbers are all that stand in s, in order: 1 and 64 of "1x64".
func Numbers(s string) (out []float64) {
	for _, f := range strings.FieldsFunc(strings.ReplaceAll(s, ",", ""), func(r rune) bool { return r != '.' && (r < '0' || r > '9') }) {
		if x, err := strconv.ParseFloat(f, 64); err == nil {
			out = append(out, x)
		}
	}
	return out
}
