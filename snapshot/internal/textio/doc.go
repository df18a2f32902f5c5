// Package textio holds the text primitives that the writers and readers of
// result files share: CSV fields, exact milliseconds, bounded lines, and how a
// Parquet file of any origin is opened. It keeps
// nothing and never panics on what it reads. Begin in lines.go.
package textio
