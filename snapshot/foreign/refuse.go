package foreign

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

// refusals are kinds of file that hold no measurements that can be read, with
// what to give instead.
var refusals = []struct {
	begins, what string
	at           int // offset of begins
}{
	{"PK\x03\x04", "a zip archive: unpack it and give the result files in it", 0},
	{"\xfd7zXZ\x00", "packed with xz: unpack it first (xz -d)", 0},
	{"1AY&SY", "packed with bzip2: unpack it first (bzip2 -d)", 4},
	{"\x28\xb5\x2f\xfd", "packed with zstd: unpack it first (zstd -d)", 0},
	{"SQLite format 3\x00", "an SQLite database: export the table with the latencies as CSV (sqlite3 -header -csv FILE 'select …')", 0},
	{"ARROW1\x00", "an Arrow (Feather) file: write it as Parquet or CSV", 0},
	{"\x93NUMPY", "a NumPy array: write it as CSV with a header such as latency_ms (numpy.savetxt)", 0},
	{"\x89HDF\r\n\x1a\n", "an HDF5 file: write the latencies as CSV or Parquet", 0},
	{"\x89PNG", "a picture", 0},
	{"\xff\xd8\xff", "a picture", 0},
	{"%PDF", "a PDF", 0},
	{"\x7fELF", "a program", 0},
	{"MZ\x90\x00", "a program", 0},
	{"ustar", "a tar archive: unpack it and give the result files in it", 257},
	{"version https://git-lfs", "a git-lfs pointer, not the file itself: 'git lfs pull' fetches it", 0},
	{"<!DOCTYPE html", "an HTML page: reports are for reading, give the data they were made from", 0},
	{"<html", "an HTML page: reports are for reading, give the data they were made from", 0},
	{"\x80\x04\x95", "a Python pickle, which is a program: write the latencies as CSV or Parquet", 0},
	{"\x80\x05\x95", "a Python pickle, which is a program: write the latencies as CSV or Parquet", 0},
}

// refuse says what a file is that no format claims; "" where it may be a table
// or JSON.
func refuse(head []byte) string {
	for _, r := range refusals {
		if len(head) > r.at && hasPrefixFold(head[r.at:], r.begins) {
			return r.what
		}
	}
	if bytes.IndexByte(head, 0) >= 0 || !utf8.Valid(whole(head)) && bytes.ContainsFunc(head[:min(len(head), 512)], control) {
		return "binary, and none of the kinds that are read. " + rows.Cure
	}
	if bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")) {
		return fmt.Sprintf("XML or HTML that begins with %s. %s", rows.Quote(string(head[:min(len(head), 200)])), rows.Cure)
	}
	return ""
}

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && bytes.EqualFold(b[:len(prefix)], []byte(prefix))
}

func control(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' && r != 0x1b && r != '\a'
}

// whole is head without a character that its end cuts.
func whole(head []byte) []byte {
	for i := 0; i < 3 && len(head) > 0 && !utf8.RuneStart(head[len(head)-1]); i++ {
		head = head[:len(head)-1]
	}
	if n := len(head); n > 0 && head[n-1] >= utf8.RuneSelf {
		head = head[:n-1]
	}
	return head
}
