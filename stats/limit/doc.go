// Package limit says how near samples come to the least time that their work
// takes on a device: the roofline of Williams, Waterman and Patterson
// ("Roofline: an insightful visual performance model", CACM 52(4), 2009) read
// as a time.
//
// In flow the rates of a device and the work of a pass (Roof.Bound), then
// samples that carry their bounds (Sums, Group); out flow a bound and a
// stats.Limit: the share that is reached, with its interval, what sets the
// bound, and how the rest splits. Begin with Roof in roof.go.
package limit
