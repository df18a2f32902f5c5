// Package sys is what differs between Linux, macOS and Windows, each thing
// behind one function: process groups, file locks, shared pages, free space,
// CPU time, memory. The file of a system is sys_linux.go, sys_darwin.go or
// sys_windows.go; sys_unix.go is what the first two share. Begin there.
//
// In: processes, open files and paths. Out: plain values and errors; what a
// system cannot say is a zero, never a guess.
package sys

import "errors"

// ErrLocked says that another process holds a lock.
var ErrLocked = errors.New("another process holds the lock")
