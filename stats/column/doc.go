// Package column declares what is known of one sample, once.
//
// In flow nothing; out flows a table: for each column its name in
// samples.parquet and in metrics.csv, its name on the wire, unit, type,
// meaning, whether it may be absent, and how it is read from and set in a
// stats.Sample. The rows of Parquet, the header and rows of metrics.csv, the
// import of that table and the tables in docs/snapshot.md come from it, and
// tests hold the codecs that are written by hand, of batches and of the
// journal, against it. Begin in table.go, where a new column is a line.
package column
