// Package ledger gives a slow sample its cause: one sample's evidence and the
// medians it is held against in, one stats.Cause out. Who counts causes, live
// and after the run, is in packages live and exact. Begin in ledger.go.
package ledger
