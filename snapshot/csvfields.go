package snapshot

import (
	"strconv"
	"strings"
)

// appendMs appends ns nanoseconds as milliseconds with six decimals: exactly
// the integer that was measured.
func appendMs(b []byte, ns int64) []byte {
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

// appendOptMs appends ns as milliseconds, or nothing where it is absent.
func appendOptMs(b []byte, ns int64) []byte {
	if ns < 0 {
		return b
	}
	return appendMs(b, ns)
}

// appendOptInt appends v, or nothing where it is absent.
func appendOptInt(b []byte, v int64) []byte {
	if v < 0 {
		return b
	}
	return strconv.AppendInt(b, v, 10)
}

// appendCSVString appends s, quoted if it needs to be (RFC 4180).
func appendCSVString(b []byte, s string) []byte {
	if !strings.ContainsAny(s, ",\"\r\n") {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}
