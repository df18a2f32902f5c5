package textio

import (
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/plain"
)

// AppendMs appends ns nanoseconds as milliseconds with six decimals: exactly
// the integer that was measured.
func AppendMs(b []byte, ns int64) []byte {
	u := uint64(ns)
	if ns < 0 {
		b = append(b, '-')
		u = -u
	}
	b = strconv.AppendUint(b, u/1e6, 10)
	f := u % 1e6
	return append(b, '.', byte('0'+f/100000), byte('0'+f/10000%10), byte('0'+f/1000%10),
		byte('0'+f/100%10), byte('0'+f/10%10), byte('0'+f%10))
}

// AppendCSV appends s, quoted if it needs to be (RFC 4180), and as no formula.
func AppendCSV(b []byte, s string) []byte {
	s = plain.Cell(s)
	if strings.ContainsAny(s, ",\"\r\n") {
		s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return append(b, s...)
}
