package journal

import (
	"errors"
	"reflect"
	"strings"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// Schema names the layout of a session folder.
const Schema = "tailscope.session/1"

// sampleSchema is samples.parquet: the columns of the table.
var sampleSchema = schemaOf(stats.Columns)

// schemaOf makes the schema of columns: what may be absent is null then.
func schemaOf(columns []*stats.Column) *parquet.Schema {
	types := [...]reflect.Type{stats.Int32: reflect.TypeFor[int32](), stats.Int64: reflect.TypeFor[int64](),
		stats.Uint64: reflect.TypeFor[uint64](), stats.Bool: reflect.TypeFor[bool](), stats.Text: reflect.TypeFor[string]()}
	var fields []reflect.StructField
	for _, c := range columns {
		t, how := types[c.Type], ",delta"
		switch {
		case c.Absent:
			t, how = reflect.PointerTo(t), ",optional"
		case c.Type == stats.Text:
			how = ",dict"
		case c.Type == stats.Bool:
			how = ""
		}
		fields = append(fields, reflect.StructField{Name: strings.ToUpper(c.Name), Type: t, Tag: reflect.StructTag(`parquet:"` + c.Name + how + `"`)})
	}
	return parquet.NewSchema("sampleRow", parquet.SchemaOf(reflect.New(reflect.StructOf(fields)).Interface()))
}

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

// SamplesFile writes samples.parquet, column by column in batches of rows.
type SamplesFile struct {
	out    *door.File
	w      *parquet.Writer //nolint:staticcheck // the generic one has no columns of values
	rows   []stats.Sample
	values []parquet.Value // of one column of rows
	n      int             // rows in the row group
}

// NewSamplesFile begins the file name in dir.
func NewSamplesFile(dir *door.Dir, name string) (*SamplesFile, error) {
	out, err := dir.Create(name)
	if err != nil {
		return nil, err
	}
	f := &SamplesFile{out: out, rows: make([]stats.Sample, 0, 128), values: make([]parquet.Value, 0, 128)}
	f.w = parquet.NewWriter(out, append(howWritten, sampleSchema)...)
	return f, nil
}

// Add appends a row.
func (f *SamplesFile) Add(s *stats.Sample) error {
	if f.rows = append(f.rows, *s); len(f.rows) == cap(f.rows) {
		return f.flush()
	}
	return nil
}

// take makes values what rows have in a column; null where it is absent.
func take(values []parquet.Value, c *stats.Column, rows []stats.Sample) {
	for i := range values {
		v := &values[i]
		if c.Type == stats.Text {
			t := c.Text(&rows[i])
			*v = parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(t), len(t))) // read only, and not kept
			continue
		}
		switch n := c.Get(&rows[i]); {
		case c.Absent && n < 0:
			*v = parquet.NullValue()
		case c.Absent:
			*v = parquet.Int64Value(n)
			v.SetDefinitionLevel(1)
		case c.Type == stats.Int32:
			*v = parquet.Int32Value(int32(n))
		case c.Type == stats.Bool:
			*v = parquet.BooleanValue(n != 0)
		default:
			*v = parquet.Int64Value(n)
		}
	}
}

func (f *SamplesFile) flush() error {
	values := f.values[:len(f.rows)]
	for i, w := range f.w.ColumnWriters() {
		take(values, stats.Columns[i], f.rows)
		if _, err := w.WriteRowValues(values); err != nil {
			return err
		}
	}
	f.n += len(f.rows)
	f.rows = f.rows[:0]
	if f.n < rowGroup {
		return nil
	}
	f.n = 0
	return f.w.Flush()
}

// WriteGroup appends a row group as it is.
func (f *SamplesFile) WriteGroup(g parquet.RowGroup) error {
	if err := f.flush(); err != nil {
		return err
	}
	_, err := f.w.WriteRowGroup(g)
	return err
}

// Close completes the file.
func (f *SamplesFile) Close() error { return errors.Join(f.flush(), f.w.Close(), f.out.Close()) }

// CloseSynced is Close after which the file is on disk.
func (f *SamplesFile) CloseSynced() error {
	if err := errors.Join(f.flush(), f.w.Close()); err != nil {
		return errors.Join(err, f.abort())
	}
	return f.out.CloseSynced()
}

func (f *SamplesFile) abort() error { return f.out.Abort() }
