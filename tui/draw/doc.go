// Package draw makes text for terminal cells: inks, lines that never exceed
// their room, tables, bars, histograms and plots, and numbers with units.
// Plain values and the vocabulary of package stats flow in, strings of an exact
// width flow out; it knows no screen and no session. Begin with text.go.
package draw
