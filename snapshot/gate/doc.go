// Package gate reads and decides expressions such as
// 'ratio(optimized.p99_ms) <= 1.05' over the named quantities of two results,
// A (the baseline) and B. A plain name is B alone; ratio(x) is B over A,
// delta(x) is B minus A, base(x) is A alone.
//
// It promises that an expression is evaluated or refused, never guessed: a name
// that is not there is an error, a value that is missing fails the gate. What
// the values are worth, given how sessions vary, package compare decides.
// Begin in gate.go.
package gate
