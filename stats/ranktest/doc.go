// Package ranktest holds tests that look at ranks, not at values: values or
// histograms in, a p out. ranktest.go has the test of pairs and of
// several tests at once, trend.go change points and trends of a series,
// modes.go the split of values into two modes.
package ranktest
