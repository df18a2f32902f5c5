package journal

import (
	"reflect"
	"strings"
	"unsafe"

	"github.com/parquet-go/parquet-go"

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

// SamplesFile writes samples.parquet, column by column in batches of rows.
type SamplesFile struct {
	parquetFile
	columns *parquet.Writer //nolint:staticcheck // the generic one has no columns of values
	rows    []stats.Sample
	values  []parquet.Value // of one column of rows
}

// NewSamplesFile begins the file name in dir.
func NewSamplesFile(dir *door.Dir, name string) (*SamplesFile, error) {
	out, err := dir.Create(name)
	if err != nil {
		return nil, err
	}
	f := &SamplesFile{columns: parquet.NewWriter(out, append(howWritten, sampleSchema)...), rows: make([]stats.Sample, 0, 128), values: make([]parquet.Value, 128)}
	f.parquetFile = parquetFile{out: out, w: f.columns, flush: f.writeRows}
	return f, nil
}

// Add appends a row.
func (f *SamplesFile) Add(s *stats.Sample) error {
	if f.rows = append(f.rows, *s); len(f.rows) == cap(f.rows) {
		return f.writeRows()
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

func (f *SamplesFile) writeRows() error {
	values := f.values[:len(f.rows)]
	for i, w := range f.columns.ColumnWriters() {
		take(values, stats.Columns[i], f.rows)
		if _, err := w.WriteRowValues(values); err != nil {
			return err
		}
	}
	n := len(f.rows)
	f.rows = f.rows[:0]
	return f.wrote(n)
}
