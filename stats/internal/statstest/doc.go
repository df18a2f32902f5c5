// Package statstest makes samples whose truth is known, for the tests of the
// rooms: a mixture of causes, a stream of both lanes, populations, and SciPy's
// figures for the same data. Begin in mixture.go.
package statstest
