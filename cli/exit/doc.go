// Package exit holds how a command ends: what marks an error as one of usage,
// of a gate or of another program, and the exit code that each gives. Errors
// flow in, codes flow out. Begin with exit.go.
package exit
