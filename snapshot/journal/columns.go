package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
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
	group   int   // next row group
	left    int64 // rows of the current one not yet decoded
	row     int64 // of the current one, where the next batch begins
	lost    uint64
	n       int // rows in the batch
	names   map[string]string
}

// columnCursor is where a columnReader stands in one column, and its batch.
type columnCursor struct {
	name  string
	place int // of the column in the file; -1: an earlier version wrote it, without this column
	text  bool
	ints  *[batchRows]int64
	texts *[batchRows]string
	dict  []string
	pages parquet.Pages
	page  parquet.Page
	at    int // value of the page
	defs  []byte
	row   int // row of the page
}

func openColumns(dir *door.Dir, name string, schema *parquet.Schema) (c *columnReader, err error) {
	path := dir.Path(name)
	f, err := dir.Read(name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("%s is damaged: %v", path, x)
		}
		if err != nil {
			_ = f.Close() // opened for reading
		}
	}()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	pf, err := parquet.OpenFile(f, fi.Size(), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if v, _ := pf.Lookup("schema"); v != Schema {
		return nil, fmt.Errorf("%s: schema %q, this program reads %q", path, v, Schema)
	}
	places, err := placesOf(schema, pf.Schema())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c = &columnReader{f: f, pf: pf, path: path, names: map[string]string{}}
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
	return c, nil
}

// placesOf finds the columns of want among those of a file. Only one that may
// be absent may be missing, and none may be of another type.
func placesOf(want, file *parquet.Schema) ([]int, error) {
	var out []int
	for _, w := range want.Fields() {
		i := slices.IndexFunc(file.Fields(), func(f parquet.Field) bool { return f.Name() == w.Name() })
		if i < 0 && !w.Optional() || i >= 0 && !parquet.EqualNodes(w, file.Fields()[i]) {
			return nil, fmt.Errorf("column %s is not as this program reads it", w.Name())
		}
		out = append(out, i)
	}
	if extra := len(file.Fields()) - len(want.Fields()) + count(out, -1); extra > 0 {
		return nil, fmt.Errorf("it has %d columns that this program does not know: a newer one wrote it", extra)
	}
	return out, nil
}

func count(v []int, x int) (n int) {
	for _, y := range v {
		if y == x {
			n++
		}
	}
	return n
}

func (c *columnReader) named(name string) *columnCursor {
	i := slices.IndexFunc(c.columns, func(k columnCursor) bool { return k.name == name })
	return &c.columns[i]
}

func (k *columnCursor) fillAbsent() {
	for i := range k.ints {
		k.ints[i] = stats.Absent
	}
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

// guarded turns a panic of the library, which damage causes, into an error.
func (c *columnReader) guarded(do func() error) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("%s is damaged: %v", c.path, x)
		}
	}()
	return do()
}

// begin starts reading a row group.
func (c *columnReader) begin(g parquet.RowGroup) error {
	return c.guarded(func() error {
		chunks := g.ColumnChunks()
		for i := range c.columns {
			if k := &c.columns[i]; k.place >= 0 {
				k.begin(chunks[k.place].Pages())
			}
		}
		return nil
	})
}

// decode decodes n rows of every column.
func (c *columnReader) decode(n int) error {
	return c.guarded(func() error {
		for i := range c.columns {
			k := &c.columns[i]
			if k.place < 0 {
				continue
			}
			if err := k.fill(n, c.intern); err != nil {
				return fmt.Errorf("%s: column %s: %w", c.path, k.name, err)
			}
		}
		return nil
	})
}

// seek brings all columns to the row where the next batch begins.
func (c *columnReader) seek() error {
	return c.guarded(func() error {
		for i := range c.columns {
			k := &c.columns[i]
			if k.place < 0 {
				continue
			}
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
	for i := range c.columns {
		c.columns[i].begin(nil)
	}
	_ = c.f.Close() // opened for reading
}

func (k *columnCursor) begin(pages parquet.Pages) {
	k.release()
	if k.pages != nil {
		_ = k.pages.Close() // opened for reading
	}
	k.pages, k.dict = pages, nil
}

func (k *columnCursor) release() {
	if k.page != nil {
		parquet.Release(k.page)
	}
	k.page, k.defs, k.at, k.row = nil, nil, 0, 0
}

// fill decodes the next n rows of the column.
func (k *columnCursor) fill(n int, intern func([]byte) string) error {
	for done := 0; done < n; {
		if k.page == nil || k.row == int(k.page.NumRows()) {
			if err := k.turn(intern); err != nil {
				return err
			}
			continue
		}
		m := min(n-done, int(k.page.NumRows())-k.row)
		var used int
		if k.text {
			used = k.takeTexts(k.texts[done:done+m], intern)
		} else {
			used = k.takeInts(k.ints[done : done+m])
		}
		k.at += used
		k.row += m
		done += m
	}
	return nil
}

// turn goes to the next page.
func (k *columnCursor) turn(intern func([]byte) string) error {
	k.release()
	page, err := k.pages.ReadPage()
	if errors.Is(err, io.EOF) {
		return errors.New("it has fewer rows than others")
	}
	if err != nil {
		return err
	}
	k.page, k.defs = page, page.DefinitionLevels()
	if d := page.Dictionary(); d != nil && k.dict == nil {
		k.dict = make([]string, d.Len())
		for i := range k.dict {
			k.dict[i] = intern(d.Index(int32(i)).ByteArray())
		}
	}
	return nil
}

func (k *columnCursor) takeTexts(out []string, intern func([]byte) string) (used int) {
	v := k.page.Data()
	if k.dict != nil && k.page.Dictionary() != nil {
		for i, id := range v.Int32()[k.at : k.at+len(out)] {
			out[i] = k.dict[id]
		}
		return len(out)
	}
	data, offsets := v.ByteArray()
	for i := range out {
		out[i] = intern(data[offsets[k.at+i]:offsets[k.at+i+1]])
	}
	return len(out)
}

func (k *columnCursor) takeInts(out []int64) (used int) {
	v := k.page.Data()
	switch v.Kind() {
	case encoding.Boolean:
		bits := v.Boolean()
		for i := range out {
			out[i] = int64(bits[(k.at+i)/8] >> ((k.at + i) % 8) & 1)
		}
		return len(out)
	case encoding.Int32:
		for i, x := range v.Int32()[k.at : k.at+len(out)] {
			out[i] = int64(x)
		}
		return len(out)
	}
	values := v.Int64()[k.at:]
	if k.defs == nil {
		copy(out, values[:len(out)])
		return len(out)
	}
	for i, d := range k.defs[k.row : k.row+len(out)] {
		if d == 0 {
			out[i] = stats.Absent
			continue
		}
		out[i] = values[used]
		used++
	}
	return used
}
