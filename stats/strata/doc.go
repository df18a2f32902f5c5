// Package strata compares two lanes whose samples are not paired but drawn at
// random: within each stratum (a callable and a shape), so that a lane that
// happened to get more of the large ones is not called slow. In: samples in
// nanoseconds. Out: the difference of medians, weighted by how many samples a
// stratum has, with an interval. Pure: no clock, no file. Begin in strata.go.
package strata
