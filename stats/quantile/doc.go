// Package quantile turns latencies into quantiles, moments and their intervals:
// sorted values or a stream of them in, stats.Quantile and stats.Summary out.
// Values are nanoseconds. Begin in exact.go (sorted values), then hist.go and
// dist.go (streams: exact below 1,000 values, within 0.1 % above), interval.go
// (which ranks bound a quantile) and summary.go (all that a Summary shows).
package quantile
