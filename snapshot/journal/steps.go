package journal

import (
	"github.com/parquet-go/parquet-go"

	"github.com/tailscope/tailscope/snapshot/internal/door"
)

// stepRow is a row of steps.parquet: one decode step.
type stepRow struct {
	Seq      uint64 `parquet:"seq,delta"` // of the sample
	Request  uint64 `parquet:"request,delta"`
	Lane     string `parquet:"lane,dict"`
	Step     int32  `parquet:"step,delta"`
	WallNs   int64  `parquet:"wall_ns,delta"`
	KVTokens int32  `parquet:"kv_tokens,delta"` // cache length after the step; 0: unknown
}

// StepsFile writes steps.parquet.
type StepsFile struct {
	parquetFile
	rowsOut *parquet.GenericWriter[stepRow]
	rows    []stepRow
}

func NewStepsFile(dir *door.Dir, name string) (*StepsFile, error) {
	out, err := dir.Create(name)
	if err != nil {
		return nil, err
	}
	f := &StepsFile{rowsOut: parquet.NewGenericWriter[stepRow](out, howWritten...)}
	f.parquetFile = parquetFile{out: out, w: f.rowsOut, flush: f.writeRows}
	return f, nil
}

func (f *StepsFile) Add(r *Record) error {
	lane := r.Sample.Lane.String()
	for i, ns := range r.Steps {
		row := stepRow{Seq: r.Sample.Seq, Request: r.Sample.Request, Lane: lane, Step: int32(i), WallNs: ns}
		if i < len(r.KV) {
			row.KVTokens = r.KV[i]
		}
		f.rows = append(f.rows, row)
	}
	if len(f.rows) >= 4096 {
		return f.writeRows()
	}
	return nil
}

func (f *StepsFile) writeRows() error {
	n, err := f.rowsOut.Write(f.rows)
	f.rows = f.rows[:0]
	if err != nil {
		return err
	}
	return f.wrote(n)
}
