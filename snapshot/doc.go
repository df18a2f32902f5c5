// Package snapshot keeps sessions on disk and reads them back: here are the
// few functions that join its rooms, each of which has a doc.go of its own.
//
//	journal   what is appended to while a session runs; knows frames and rows
//	folder    the folder of a session: manifest, tables, evidence; finishes and recovers it
//	report    the page and the plots in a folder (plots draws them)
//	compare   several sessions or results side by side (gate judges the difference)
//	replay    plays a session to the screen
//	foreign   reads what other tools wrote; labels are statistics of it
//	internal  door is the one way into a folder, textio the text in files
//
// Imports go from replay, compare and report down to folder, from there to
// journal. Begin in snapshot.go.
//
// Together they promise that what was accepted and flushed is in the folder
// afterwards, that numbers in files are the measured nanoseconds and not a
// rounding of them, that a torn or damaged file ends in an error or a count of
// what was lost and never in a panic, and that no name in a folder leads out
// of it, for a writer or for a reader.
package snapshot
