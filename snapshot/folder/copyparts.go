package folder

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// copyPart copies the rows of a rotated segment, compressed as they are. Only
// the causes, which need the whole session, are written anew.
func (w *rowWriter) copyPart(s *journal.Segment, causes []stats.Cause) error {
	err := s.Groups(func(g parquet.RowGroup) error {
		n := int(g.NumRows())
		if n > len(causes) {
			return errors.New("the segment has more rows than were read")
		}
		own, err := withCauses(g, causes[:n])
		if err != nil {
			return err
		}
		causes = causes[n:]
		return w.samples.WriteGroup(own)
	})
	if err != nil {
		return err
	}
	for m := range stats.Mode(stats.NumModes) {
		if err := s.StepGroups(m, func(g parquet.RowGroup) error {
			steps, err := w.stepsOf(m)
			if err != nil {
				return err
			}
			return steps.WriteGroup(g)
		}); err != nil {
			return err
		}
	}
	return nil
}

// causedGroup is a row group of a file with the causes of another. What it
// embeds lets the library copy its columns without decoding them.
type causedGroup struct {
	*parquet.FileRowGroup
	columns []parquet.ColumnChunk
}

// ColumnChunks implements parquet.RowGroup.
func (g *causedGroup) ColumnChunks() []parquet.ColumnChunk { return g.columns }

func withCauses(g parquet.RowGroup, causes []stats.Cause) (parquet.RowGroup, error) {
	file, ok := g.(*parquet.FileRowGroup)
	if !ok {
		return nil, fmt.Errorf("row group of unknown kind %T", g)
	}
	type row struct {
		Cause string `parquet:"cause,dict"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}))
	rows := make([]row, 0, 1024)
	for i, c := range causes {
		if rows = append(rows, row{c.String()}); len(rows) == cap(rows) || i == len(causes)-1 {
			if _, err := w.Write(rows); err != nil {
				return nil, err
			}
			rows = rows[:0]
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	one, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return nil, err
	}
	out := &causedGroup{FileRowGroup: file, columns: append([]parquet.ColumnChunk(nil), g.ColumnChunks()...)}
	cause, ok := g.Schema().Lookup("cause")
	if !ok {
		return nil, errors.New("the segment has no column cause")
	}
	out.columns[cause.ColumnIndex] = one.RowGroups()[0].ColumnChunks()[0]
	return out, nil
}
