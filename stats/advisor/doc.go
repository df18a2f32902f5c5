// Package advisor plans bucket edges: how often each prompt length came and what
// a prompt costs in, the best edges for each number of buckets out.
// Begin in advisor.go.
package advisor
