package rows

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
)

var _ = Register(Format{
	Name: "Parquet", Tool: "tailscope's samples.parquet; pandas, DuckDB, Polars, Arrow",
	Seen:   "tailscope, pandas 3.1 with pyarrow 26, DuckDB 2.0 and Polars 2.1 (files written here)",
	Reads:  "as a table: columns by their names or by flags, flat ones of any number, text or truth value; null is absent",
	Leaves: "nested columns",
	Pools:  true,
	Head:   func(head []byte) bool { return len(head) > 4 && string(head[:4]) == "PAR1" },
	Read:   readParquet,
})

func readParquet(in *Input) (err error) {
	damaged := func(x any) error {
		why, _, _ := strings.Cut(fmt.Sprint(x), ": \"") // the library quotes bytes of the file
		return in.Errorf(0, "it is a Parquet file that is cut short or damaged (%s): write it again, its writer has to close it", Short(why, 80))
	}
	defer func() { // the library panics on some damage
		if x := recover(); x != nil {
			err = damaged(x)
		}
	}()
	pf, err := textio.OpenParquet(in.Text.File)
	if err != nil {
		return damaged(err)
	}
	t := &columnReader{in: in, spec: AsTable.Table}
	var header []string
	at := map[int]int{} // leaf to column
	for i, path := range pf.Schema().Columns() {
		if leaf, ok := pf.Schema().Lookup(path...); ok && len(path) == 1 && leaf.Node.Leaf() && !leaf.Node.Repeated() {
			at[i] = len(header)
			header = append(header, path[0])
		}
	}
	if err := t.bind(header); err != nil {
		var column ColumnError
		if errors.As(err, &column) && t.col[fLatency] < 0 && in.O.Columns["latency"] == "" {
			return in.Errorf(0, "%w", NoColumn("a Parquet file without a latency column: it has %s; --latency-column names one", List(header)))
		}
		return in.Errorf(0, "%w", err)
	}
	t.fields = make([][]byte, len(header))
	for _, g := range pf.RowGroups() {
		if err := t.group(g, at); err != nil {
			return err
		}
	}
	return nil
}

func (t *columnReader) group(g parquet.RowGroup, at map[int]int) error {
	r := g.Rows()
	defer func() { _ = r.Close() }() // opened for reading
	buf := make([]parquet.Row, 256)
	for {
		n, err := r.ReadRows(buf)
		for _, row := range buf[:n] {
			t.line++
			for i := range t.fields {
				t.fields[i] = t.fields[i][:0]
			}
			for _, v := range row {
				if c, ok := at[v.Column()]; ok {
					t.fields[c] = appendValue(t.fields[c], v)
				}
			}
			if err := t.take(t.fields); errors.Is(err, errYield) {
				return errors.Unwrap(err)
			} else if err != nil {
				return t.in.Errorf(0, "row %d: %w", t.line, err)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return t.in.Errorf(0, "row %d: %w", t.line+1, err)
		case n == 0:
			return t.in.Errorf(0, "row %d: %w", t.line+1, fmt.Errorf("the row group ends early"))
		}
	}
}

// appendValue writes a value as text that reads back as itself; null is empty.
func appendValue(b []byte, v parquet.Value) []byte {
	switch {
	case v.IsNull():
		return b
	case v.Kind() == parquet.Boolean:
		return strconv.AppendBool(b, v.Boolean())
	case v.Kind() == parquet.Int32:
		return strconv.AppendInt(b, int64(v.Int32()), 10)
	case v.Kind() == parquet.Int64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case v.Kind() == parquet.Float:
		return strconv.AppendFloat(b, float64(v.Float()), 'g', -1, 32)
	case v.Kind() == parquet.Double:
		return strconv.AppendFloat(b, v.Double(), 'g', -1, 64)
	case v.Kind() == parquet.ByteArray || v.Kind() == parquet.FixedLenByteArray:
		return append(b, v.ByteArray()...)
	}
	return append(b, v.String()...)
}
