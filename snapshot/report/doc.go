// Package report writes what people read: report.md, report.html and plots.
//
// In flow a folder.Collected (Write, in report.go: begin there) or the
// statistics of other tools' results (WriteLabels); out flow a document
// (document.go) of headings, sentences, tables and plots that prints as
// Markdown and as one HTML file which needs nothing else.
package report
