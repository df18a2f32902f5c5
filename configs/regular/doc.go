// Package regular opens what a user or a stranger's folder names as a file, if
// it is one. A named pipe, a device or a socket is refused before it is waited
// for or read.
//
// In: a path. Out: an open file, or an error that says what else is there.
// Begin in regular.go.
package regular
