// Package stats is the vocabulary of everything that is measured and said of it:
// lanes, modes, flags, causes, events and samples (in), and the plain data of
// views, verdicts and summary.json (out). Begin in sample.go, then view.go and
// summaryfile.go.
//
// It is pure, as are the rooms below it: no clock, no goroutine, no file, no
// terminal. Callers own the values they pass in. Arrows of import point up this
// list:
//
//	stats      the vocabulary; imports nothing of the program
//	quantile   order statistics, histograms, exact sums, their intervals
//	ranktest   rank tests, trends, modes of a series
//	ledger     the cause of one slow sample
//	paired     what both lanes' latencies of the same requests tell
//	advisor    bucket edges for the lengths seen
//	detect     patterns in what was measured lately
//	verdict    the sentences, the production rule, the rule to stop by
//	live       the Collector: samples in, a view out, while the session runs
//	between    sessions against sessions
//	race       candidates against each other: who runs on, who is out, which to take
//	exact      the Analysis: samples in, summary.json out, when it is over
package stats
