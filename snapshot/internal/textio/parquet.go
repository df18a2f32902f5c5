package textio

import (
	"encoding/binary"
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
)

// OpenParquet opens a file of any origin: the library makes room for as many
// bytes of footer and of page index as the file says there are, 2 GiB or more.
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
	pf, err := parquet.OpenFile(f, fi.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return nil, err
	}
	n := int64(0)
	for _, g := range pf.Metadata().RowGroups {
		for _, c := range g.Columns {
			n += int64(uint32(c.ColumnIndexLength)) + int64(uint32(c.OffsetIndexLength))
		}
	}
	if n > fi.Size() {
		return nil, fmt.Errorf("a page index of %d bytes in a file of %d", n, fi.Size())
	}
	return parquet.OpenFile(f, fi.Size(), parquet.SkipBloomFilters(true))
}
