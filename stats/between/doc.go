// Package between compares sessions with sessions: one figure a session in (a
// p50, the geometric mean of paired ratios), the change between two groups of
// sessions out, with its interval, the smallest change they could have shown,
// and a gate's outcome. A session is the unit: samples within one are alike in
// more than what is compared, so their number says nothing of how far two
// sessions differ by themselves. Begin in change.go; gate.go judges a limit.
package between
