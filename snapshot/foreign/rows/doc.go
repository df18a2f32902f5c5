// Package rows is what readers of result files share: the Row that a
// measurement becomes, the Format that a kind of file is, and the Input that a
// format reads from and hands rows to. Tables of any delimiter and streams of
// JSON documents are taken apart here, so a format says only where its values
// stand.
//
// In flow files, out flow Rows, Reported statistics and notes. What a file
// says of its units and statuses is honoured, what is left out is counted, and
// every text is made safe to print. Begin in format.go, then input.go.
package rows
