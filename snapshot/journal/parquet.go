package journal

import (
	"errors"
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/textio"
)

// pageBytes is the size of a page, which carries a checksum: what a damaged bit
// costs is the rows of its page.
const pageBytes = 32 << 10

// howWritten is the same for all files. Statistics of a page stand in the column
// index alone.
var howWritten = []parquet.WriterOption{parquet.PageBufferSize(pageBytes), parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
	parquet.DataPageStatistics(false), parquet.KeyValueMetadata("schema", Schema), parquet.CreatedBy("tailscope", "1", "")}

// rowGroup is the number of rows after which a row group is closed: the
// memory a writer needs, and the step in which a reader pages.
const rowGroup = 2 * rotateRows

// parquetFile is a file in the making.
type parquetFile struct {
	out *door.File
	w   interface {
		Flush() error
		Close() error
		WriteRowGroup(parquet.RowGroup) (int64, error)
	}
	flush func() error // writes the rows that were collected
	n     int          // rows in the row group
}

// wrote counts rows, and closes the row group once it is full.
func (f *parquetFile) wrote(rows int) error {
	if f.n += rows; f.n < rowGroup {
		return nil
	}
	f.n = 0
	return f.w.Flush()
}

// WriteGroup appends a row group as it is.
func (f *parquetFile) WriteGroup(g parquet.RowGroup) error {
	if err := f.flush(); err != nil {
		return err
	}
	_, err := f.w.WriteRowGroup(g)
	return err
}

// Close completes the file.
func (f *parquetFile) Close() error { return errors.Join(f.flush(), f.w.Close(), f.out.Close()) }

// CloseSynced is Close after which the file is on disk.
func (f *parquetFile) CloseSynced() error {
	if err := errors.Join(f.flush(), f.w.Close()); err != nil {
		return errors.Join(err, f.abort())
	}
	return f.out.CloseSynced()
}

func (f *parquetFile) abort() error { return f.out.Abort() }

// guarded turns a panic of the library, which damage causes, into an error.
func guarded(path string, do func() error) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("%s is damaged: %v", path, x)
		}
	}()
	return do()
}

// openParquet opens a file.
func openParquet(dir *door.Dir, name string) (f *os.File, pf *parquet.File, err error) {
	if f, err = dir.Read(name); err != nil {
		return nil, nil, err
	}
	err = guarded(dir.Path(name), func() error {
		if pf, err = textio.OpenParquet(f); err != nil {
			return fmt.Errorf("%s: %w", dir.Path(name), err)
		}
		return nil
	})
	if err != nil {
		_ = f.Close() // opened for reading
	}
	return f, pf, err
}

// eachGroup hands out the row groups of a file.
func eachGroup(dir *door.Dir, name string, do func(parquet.RowGroup) error) error {
	f, pf, err := openParquet(dir, name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // opened for reading
	return guarded(dir.Path(name), func() error {
		for _, g := range pf.RowGroups() {
			if err := do(g); err != nil {
				return fmt.Errorf("copy %s: %w", dir.Path(name), err)
			}
		}
		return nil
	})
}
