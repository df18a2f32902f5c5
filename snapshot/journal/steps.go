package journal

import (
	"errors"

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
	out  *door.File
	w    *parquet.GenericWriter[stepRow]
	rows []stepRow
	n    int
}

func NewStepsFile(dir *door.Dir, name string) (*StepsFile, error) {
	out, err := dir.Create(name)
	if err != nil {
		return nil, err
	}
	return &StepsFile{out: out, w: parquet.NewGenericWriter[stepRow](out, howWritten...)}, nil
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
		return f.flush()
	}
	return nil
}

func (f *StepsFile) flush() error {
	_, err := f.w.Write(f.rows)
	if f.n += len(f.rows); f.n >= rowGroup && err == nil {
		f.n = 0
		err = f.w.Flush()
	}
	f.rows = f.rows[:0]
	return err
}

// WriteGroup appends a row group as it is.
func (f *StepsFile) WriteGroup(g parquet.RowGroup) error {
	if err := f.flush(); err != nil {
		return err
	}
	_, err := f.w.WriteRowGroup(g)
	return err
}

func (f *StepsFile) Close() error { return errors.Join(f.flush(), f.w.Close(), f.out.Close()) }

// CloseSynced is close after which the file is on disk.
func (f *StepsFile) CloseSynced() error {
	if err := errors.Join(f.flush(), f.w.Close()); err != nil {
		return errors.Join(err, f.abort())
	}
	return f.out.CloseSynced()
}

func (f *StepsFile) abort() error { return f.out.Abort() }
