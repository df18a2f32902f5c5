// Package folder is the folder of a session.
//
// In flow records, from a journal.Writer that is ending (writer.go), from the
// journal of a process that died (recover.go) or from a finished folder
// (source.go); out flow the files that docs/snapshot.md describes, and a
// Session to read them (open.go). Two passes make the files: collect.go learns
// what rests on the whole (statistics by package stats, evidence by
// evidence.go), rows.go writes every row with the cause that it was given.
// The report is not written here: Pages is what the caller wants in addition.
package folder
