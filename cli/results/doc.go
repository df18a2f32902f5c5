// Package results holds the commands about what a run left or another tool
// wrote: analyze, compare, report, recover. Paths and flags flow in, text, JSON,
// files and the verdict of gates flow out; package snapshot does the work. Begin
// with analyze.go; foreign.go has the flags that say how other tools' files are
// read.
package results
