package journal

import (
	"errors"
	"io"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

const benchRows = 64 << 10

func writeRows(b *testing.B, dir *door.Dir) {
	f := must.Get(NewSamplesFile(dir, "x.parquet"))(b)
	ts := made.New(1)
	for i := range uint64(benchRows) {
		must.OK(b, f.Add(ts.Sample(i/2, stats.Lane(i%2), stats.KVDecode)))
	}
	must.OK(b, f.Close())
}

// BenchmarkRows is the cost of a row of samples.parquet.
func BenchmarkRows(b *testing.B) {
	dir, err := door.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	perRow := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
	}
	b.Run("write", func(b *testing.B) {
		for range b.N {
			writeRows(b, dir)
		}
		perRow(b)
	})
	b.Run("read", func(b *testing.B) {
		for range b.N {
			r, err := OpenSamples(dir, "x.parquet")
			if err != nil {
				b.Fatal(err)
			}
			var s stats.Sample
			n := 0
			for ; err == nil; n++ {
				err = r.Next(&s)
			}
			if !errors.Is(err, io.EOF) || n != benchRows+1 {
				b.Fatal(err, n)
			}
			r.Close()
		}
		perRow(b)
	})
}
