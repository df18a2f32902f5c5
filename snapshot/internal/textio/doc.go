// Package textio holds the text primitives that the writers and readers of
// result files share: CSV fields, exact milliseconds, bounded lines. It keeps
// nothing and never panics on what it reads. Begin in lines.go.
package textio
