// Package journal is what a session appends to while it runs.
//
// In flow samples, events, readings and evidence, to a Writer (writer.go: begin
// there); out flow Records in the order in which they were taken in (read.go,
// source.go). A journal is a row of segments (segments.go): the last is frames
// with checksums (encode.go, decode.go), those before it are turned into
// Parquet in the background (rotate.go, samples.go), the form in which the
// finished folder has the rows (part.go and columns.go read it).
//
// It promises that a frame that was written survives the process, that a torn
// or damaged frame costs its own records, and that what was lost is counted.
package journal
