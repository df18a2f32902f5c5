// Package intern numbers strings. Begin in intern.go.
package intern
