// Package lz4 stands in for github.com/pierrec/lz4/v4, which parquet-go links
// for a codec that no file of ours uses: 34 MB to load before the first
// build. Everything here panics, as parquet-go takes an error for a buffer
// that is too short and tries for ever; readers of files recover.
package lz4

// CompressionLevel as the library names it.
type CompressionLevel uint32

// Levels of the library.
const (
	Fast   CompressionLevel = 0
	Level1 CompressionLevel = 1 << (8 + iota)
	Level2
	Level3
	Level4
	Level5
	Level6
	Level7
	Level8
	Level9
)

const refusal = "Parquet compressed with LZ4 is not built in; zstd, snappy and gzip are"

// Compressor refuses.
type Compressor struct{}

// CompressorHC refuses.
type CompressorHC struct{ Level CompressionLevel }

// CompressBlockBound refuses.
func CompressBlockBound(int) int { panic(refusal) }

// CompressBlock refuses.
func (*Compressor) CompressBlock(_, _ []byte) (int, error) { panic(refusal) }

// CompressBlock refuses.
func (*CompressorHC) CompressBlock(_, _ []byte) (int, error) { panic(refusal) }

// UncompressBlock refuses.
func UncompressBlock(_, _ []byte) (int, error) { panic(refusal) }
