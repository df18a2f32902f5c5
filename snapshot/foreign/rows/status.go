package rows

import (
	"slices"
	"strconv"
	"strings"
)

// Verdict is what a status says of a request.
type Verdict uint8

// What a status can say.
const (
	Unknown Verdict = iota
	Good
	Bad
)

var (
	goodWords = strings.Fields("ok success succeeded successful passed pass true t yes y completed complete healthy")
	badWords  = strings.Fields("error err errored fail failed failure false f no n timeout timed_out timedout cancelled canceled aborted exception rejected dropped refused crashed")
	noFailure = strings.Fields("0 false f no n none null nan nil - ok success")
)

// Status judges a status by the name of its column and its value: words, HTTP
// codes (200 to 399 are good), booleans, exit codes (0 is good), and error
// columns, where nothing is good.
func Status(column, value string) Verdict {
	v := strings.ToLower(strings.TrimSpace(value))
	words := wordsOf(column)
	has := func(names ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(names, w) })
	}
	if has("error", "errors", "failed", "failure", "exception") && !has("code") {
		if _, err := strconv.ParseFloat(v, 64); v == "" || slices.Contains(noFailure, v) || err == nil && strings.Contains(v, ".") {
			return Good // a fraction is a measure of an error, none that happened
		}
		return Bad
	}
	if has("error", "errors") && (v == "" || slices.Contains(noFailure, v)) { // an error's code
		return Good
	}
	if n, err := strconv.Atoi(firstWord(v)); err == nil {
		return numeric(n, has)
	}
	switch {
	case slices.Contains(goodWords, v):
		return Good
	case slices.Contains(badWords, v):
		return Bad
	}
	return Unknown
}

func numeric(n int, has func(...string) bool) Verdict {
	verdict := func(good bool) Verdict {
		if good {
			return Good
		}
		return Bad
	}
	switch {
	case has("exit", "return", "returncode", "rc", "errno", "grpc"):
		return verdict(n == 0)
	case n >= 100 && n <= 599:
		return verdict(n >= 200 && n <= 399)
	case n <= 1 && n >= 0 && has("success", "successful", "ok", "passed", "succeeded", "completed"):
		return verdict(n == 1)
	}
	return Unknown
}

func firstWord(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return w
}

// HTTPFailed tells whether an HTTP code is not of an answer without an error.
func HTTPFailed(code string) bool { return Status("http", code) != Good }
