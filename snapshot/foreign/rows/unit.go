package rows

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// unitWords are the spellings of units of time in names, with nanoseconds.
var unitWords = map[string]float64{}

func init() {
	for ns, words := range map[float64]string{
		1:       "ns nsec nsecs nano nanos nanosec nanosecs nanosecond nanoseconds",
		1e3:     "us µs μs usec usecs micro micros microsec microsecs microsecond microseconds",
		1e6:     "ms msec msecs milli millis millisec millisecs millisecond milliseconds",
		1e9:     "s sec secs second seconds",
		60e9:    "minute minutes",
		3_600e9: "hour hours",
	} {
		for _, w := range strings.Fields(words) {
			unitWords[w] = ns
		}
	}
}

// Scale is the number of nanoseconds in a unit that a user or a file names.
func Scale(unit string) (float64, error) {
	if ns, ok := unitWords[strings.ToLower(strings.TrimSpace(unit))]; ok {
		return ns, nil
	}
	return 0, fmt.Errorf("unit %s: want ns, us, ms or s", Quote(unit))
}

// UnitOf is the number of nanoseconds in the unit that a column's name holds:
// in brackets, as its last word, as its first, or as any word of two letters or
// more. ok is false where it names none, or a rate.
func UnitOf(column string) (ns float64, ok bool) {
	for _, pair := range []string{"()", "[]"} {
		if _, in, found := strings.Cut(column, pair[:1]); found {
			in, _, _ = strings.Cut(in, pair[1:])
			if ns, ok = unitWords[strings.ToLower(strings.TrimSpace(in))]; ok {
				return ns, true
			}
		}
	}
	words := wordsOf(column)
	if len(words) < 2 || strings.Contains(column, "/") || slices.Contains(words, "per") {
		return 0, false // "seconds" alone, "ms" alone: a name
	}
	if ns, ok = unitWords[words[len(words)-1]]; ok {
		return ns, true
	}
	for _, w := range words {
		if ns, ok = unitWords[w]; ok && len(w) > 1 {
			return ns, true
		}
	}
	return 0, false
}

// wordsOf splits a name at what is no letter or digit and where a lower-case
// letter is followed by an upper-case one.
func wordsOf(name string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	lower := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
		case unicode.IsUpper(r) && lower:
			flush()
			word = append(word, r)
		default:
			word = append(word, r)
		}
		lower = unicode.IsLower(r)
	}
	flush()
	return out
}
