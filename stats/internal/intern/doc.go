// Package intern numbers strings.
package intern
