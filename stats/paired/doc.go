// Package paired says what the latencies of the same requests in both lanes
// tell: pairs in, a stats.PairView, bands and noise floors out. Begin in
// describe.go; bootstrap.go resamples blocks of pairs, noise.go reads an A/A run.
package paired
