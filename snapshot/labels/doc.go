// Package labels analyses measurements that carry names only, as TR120's
// section 4 does: overall and by scenario, trimmed means, cold starts, worst
// samples, and one sentence on whether mean, median and p99 rank the labels
// alike. What a label says is not evidence of what ran, and the result says so.
//
// In flow rows of package foreign; out flow tables. It is exact up to Budget
// values and falls back to histograms with a relative error of 0.1 % beyond,
// which the result states. Begin in labels.go.
package labels
