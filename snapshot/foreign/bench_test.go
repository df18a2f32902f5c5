package foreign

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkRead reads files of 16 MB made of a format's file again and again;
// MB/s is of the text.
func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"metrics.csv", "k6.csv", "jmeter.jtl", "vegeta.csv", "vegeta.ndjson", "k6.ndjson", "aiperf_profile_export.jsonl", "lines.jsonl"} {
		b.Run(name, func(b *testing.B) {
			text, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				b.Fatal(err)
			}
			head, body := []byte(nil), text
			if ext := filepath.Ext(name); (ext == ".csv" || ext == ".jtl") && name != "vegeta.csv" {
				line := bytes.IndexByte(text, '\n') + 1
				head, body = text[:line], text[line:]
			}
			big := append(head, bytes.Repeat(body, 16<<20/len(body))...)
			path := filepath.Join(b.TempDir(), name)
			if err := os.WriteFile(path, big, 0o600); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(big)))
			for b.Loop() {
				if _, err := Read(path, Options{}, func(*Row) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
