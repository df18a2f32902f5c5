package textio

import (
	"encoding/binary"
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
)

// OpenParquet opens a file of any origin: the library makes room for as many
// bytes of footer as the file's end says there are, up to 4 GiB.
func OpenParquet(f *os.File) (*parquet.File, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var end [8]byte // the footer's size and a mark
	_, err = f.ReadAt(end[:], max(fi.Size()-8, 0))
	if n := int64(binary.LittleEndian.Uint32(end[:])); err == nil && n > fi.Size() {
		return nil, fmt.Errorf("a footer of %d bytes in a file of %d", n, fi.Size())
	}
	return parquet.OpenFile(f, fi.Size(), parquet.SkipBloomFilters(true))
}
