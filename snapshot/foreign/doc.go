// Package foreign reads measurements that any tool wrote. Each kind of file is
// one value of rows.Format in one file of the packages load (load generators),
// micro (benchmarks of functions and commands) and inference (servers,
// runtimes and profilers of models); to add one is to add such a file, and
// docs/formats.md lists them as they describe themselves.
//
// In flow paths, out flow Rows, Reported statistics, notes. Files of any size
// stream in bounded memory, JSON documents one at a time. It promises errors
// with file and line, never a panic and never raw bytes of a file, and that a
// label is passed on as what it is: a name, not evidence of what ran. Begin in
// read.go.
package foreign
