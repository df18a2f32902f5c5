// Package plots draws the pictures of a session folder, as PNG and SVG: the
// distribution function of both lanes on a log axis, the histogram, the
// timeline with event marks, and the change of each quantile with its band.
//
// In flow plain numbers, out flow bytes. Values that cannot be drawn (NaN,
// infinite, not positive on a log axis) are left out; a picture without any
// value is not drawn. Begin in plots.go.
package plots
