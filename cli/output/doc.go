// Package output holds what commands share when they print: the writer of all
// that is no result, the width of a terminal, sizes and absent words. Begin with
// output.go.
package output
