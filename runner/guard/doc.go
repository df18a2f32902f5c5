// Package guard is the one supervisor of goroutines. A panic in any of them
// must not leave a raw terminal or a session folder without an end, so none is
// started with a bare go statement: Go runs it here, and a panic is given to
// whoever is in charge.
//
// In: functions. Out: a Panic for each that did not come back. Begin in guard.go.
package guard
