package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/tailscope/tailscope/snapshot/internal/door"
)

// batchRows is the number of rows a columnReader decodes at once.
const batchRows = 1024

// columnReader reads the columns of a schema from a Parquet file, column by
// column in batches of rows: numbers as int64 (null is stats.Absent), texts
// interned. Damage, inside the library too, becomes an error.
type columnReader struct {
	f       *os.File
	pf      *parquet.File
	path    string
	columns []columnCursor
	there   []*columnCursor // those that the file has
	group   int             // next row group
	left    int64           // rows of the current one not yet decoded
	row     int64           // of the current one, where the next batch begins
	lost    uint64
	n       int // rows in the batch
	names   map[string]string
}

func openColumns(dir *door.Dir, name string, schema *parquet.Schema) (c *columnReader, err error) {
	f, pf, err := openParquet(dir, name)
	if err != nil {
		return nil, err
	}
	c = &columnReader{f: f, pf: pf, path: dir.Path(name), names: map[string]string{}}
	if err := guarded(c.path, func() error { return c.match(schema) }); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return c, nil
}

// match finds the columns of a schema in the file, and makes room for them.
func (c *columnReader) match(schema *parquet.Schema) error {
	if v, _ := c.pf.Lookup("schema"); v != Schema {
		return fmt.Errorf("%s: schema %q, this program reads %q", c.path, v, Schema)
	}
	places, err := placesOf(schema, c.pf.Schema())
	if err != nil {
		return fmt.Errorf("%s: %w", c.path, err)
	}
	// The batches of all columns lie a cache line more than a power of two apart:
	// a row would else be read from places that push each other out of the cache.
	fields := schema.Fields()
	ints, texts := make([]int64, len(fields)*(batchRows+8)), make([]string, len(fields)*(batchRows+4))
	for i, field := range fields {
		k := columnCursor{name: field.Name(), text: field.Type().Kind() == parquet.ByteArray, place: places[i]}
		if k.text {
			k.texts = (*[batchRows]string)(texts[i*(batchRows+4):])
		} else {
			k.ints = (*[batchRows]int64)(ints[i*(batchRows+8):])
		}
		if k.place < 0 {
			k.fillAbsent()
		}
		c.columns = append(c.columns, k)
	}
	for i := range c.columns {
		if k := &c.columns[i]; k.place >= 0 {
			c.there = append(c.there, k)
		}
	}
	return nil
}

// placesOf finds the columns of want among those of a file. Only one that may
// be absent may be missing, and none may be of another type.
func placesOf(want, file *parquet.Schema) ([]int, error) {
	var out []int
	missing := 0
	for _, w := range want.Fields() {
		i := slices.IndexFunc(file.Fields(), func(f parquet.Field) bool { return f.Name() == w.Name() })
		if i < 0 && !w.Optional() || i >= 0 && !parquet.EqualNodes(w, file.Fields()[i]) {
			return nil, fmt.Errorf("column %s is not as this program reads it", w.Name())
		}
		if out = append(out, i); i < 0 {
			missing++
		}
	}
	if extra := len(file.Fields()) - len(want.Fields()) + missing; extra > 0 {
		return nil, fmt.Errorf("it has %d columns that this program does not know: a newer one wrote it", extra)
	}
	return out, nil
}

func (c *columnReader) named(name string) *columnCursor {
	i := slices.IndexFunc(c.columns, func(k columnCursor) bool { return k.name == name })
	return &c.columns[i]
}

// next decodes the next batch and returns its number of rows; io.EOF ends. A
// batch that cannot be decoded is left out and counted in lost: pages carry
// checksums, so a damaged one costs the batches that it has a part in.
func (c *columnReader) next() (n int, err error) {
	for {
		for c.left == 0 {
			groups := c.pf.RowGroups()
			if c.group == len(groups) {
				return 0, io.EOF
			}
			g := groups[c.group]
			c.group++
			c.left, c.row = g.NumRows(), 0
			if err := c.begin(g); err != nil {
				c.give(c.left)
			}
		}
		n = int(min(c.left, batchRows))
		if c.decode(n) == nil {
			c.left, c.row = c.left-int64(n), c.row+int64(n)
			return n, nil
		}
		c.give(int64(n))
		if c.left > 0 && c.seek() != nil {
			c.give(c.left)
		}
	}
}

// give counts the next n rows of the group as lost.
func (c *columnReader) give(n int64) {
	c.lost += uint64(max(n, 0))
	c.left, c.row = c.left-n, c.row+n
}

// begin starts reading a row group.
func (c *columnReader) begin(g parquet.RowGroup) error {
	return guarded(c.path, func() error {
		chunks := g.ColumnChunks()
		for _, k := range c.there {
			k.begin(chunks[k.place].Pages())
		}
		return nil
	})
}

// decode decodes n rows of every column.
func (c *columnReader) decode(n int) error {
	return guarded(c.path, func() error {
		for _, k := range c.there {
			if err := k.fill(n, c.intern); err != nil {
				return fmt.Errorf("%s: column %s: %w", c.path, k.name, err)
			}
		}
		return nil
	})
}

// seek brings all columns to the row where the next batch begins.
func (c *columnReader) seek() error {
	return guarded(c.path, func() error {
		for _, k := range c.there {
			k.release()
			if err := k.pages.SeekToRow(c.row); err != nil {
				return err
			}
		}
		return nil
	})
}

// intern returns a string that outlives the page it comes from.
func (c *columnReader) intern(b []byte) string {
	if s, ok := c.names[string(b)]; ok {
		return s
	}
	if len(c.names) > 1<<16 {
		clear(c.names)
	}
	s := string(b)
	c.names[s] = s
	return s
}

func (c *columnReader) Close() {
	defer func() { _ = recover() }() // a damaged file was reported by next
	for _, k := range c.there {
		k.begin(nil)
	}
	_ = c.f.Close() // opened for reading
}
