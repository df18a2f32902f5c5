// Package load registers the formats of load generators: oha, vegeta, k6,
// JMeter, Locust, wrk, ab, hey, autocannon, bombardier, h2load, siege and curl. In: a file's text.
// Out: rows, or what the tool reports. Each format is one file; begin in vegeta.go.
package load

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

// maxText bounds a report in words, which is read whole.
const maxText = 16 << 20

// report is a text report taken apart by lines.
type report struct {
	stats rows.Reported
	text  string
}

func readReport(in *rows.Input) (*report, error) {
	b, err := in.Text.All(maxText)
	return &report{stats: rows.NoStats(), text: string(b)}, err
}

// all returns the groups of every match of a pattern.
func (r *report) all(pattern string) [][]string {
	return regexp.MustCompile("(?m)"+pattern).FindAllStringSubmatch(r.text, -1)
}

// first returns the first group of the first match, "" if there is none.
func (r *report) first(pattern string) string {
	for _, m := range r.all(pattern) {
		return m[1]
	}
	return ""
}

// count reads the whole number that a pattern finds, 0 if none.
func (r *report) count(pattern string) int64 { return rows.Whole(r.first(pattern)) }

// span reads a time with its unit, as in 1.02ms, 634.00us or 1.2 secs; NaN if it
// is none.
func span(s string) float64 {
	s = strings.TrimSpace(s)
	for _, u := range []struct {
		word string
		ns   float64
	}{{"secs", 1e9}, {"sec", 1e9}} {
		if n, ok := strings.CutSuffix(s, u.word); ok {
			return rows.Number(n, u.ns)
		}
	}
	d, err := time.ParseDuration(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		return math.NaN()
	}
	return float64(d)
}

// finish hands on the statistics; a report without any, and without failures, is
// refused with a cure.
func (r *report) finish(in *rows.Input) error {
	if err := in.Columns(); err != nil {
		return err
	}
	if r.stats.Empty() && r.stats.Errors == 0 {
		return in.Errorf(0, "%w: it is %s, without a latency in it. %s", rows.ErrNone, in.Format.Name, in.Format.Samples)
	}
	return in.Report(r.stats)
}

func has(head []byte, words ...string) bool {
	for _, w := range words {
		if !bytes.Contains(head, []byte(w)) {
			return false
		}
	}
	return true
}
