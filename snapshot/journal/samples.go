package journal

import (
	"errors"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// Schema names the layout of a session folder.
const Schema = "tailscope.session/1"

// sampleRow is a row of samples.parquet. Durations and instants are
// nanoseconds; what an engine does not have is null.
type sampleRow struct {
	Seq        uint64 `parquet:"seq,delta"`
	Request    uint64 `parquet:"request,delta"`
	Generation int32  `parquet:"generation,delta"`
	Segment    int32  `parquet:"segment,delta"`
	NthInRun   int32  `parquet:"nth_in_run,delta"`
	Order      int32  `parquet:"order,delta"`
	Mode       string `parquet:"mode,dict"`
	Lane       string `parquet:"lane,dict"`
	Strategy   string `parquet:"strategy,dict"`
	Scenario   string `parquet:"scenario,dict"`
	Prompt     int32  `parquet:"prompt,delta"`
	Backend    string `parquet:"backend,dict"`
	Shape      string `parquet:"shape,dict"`
	Status     string `parquet:"status,dict"`
	IsWarmup   bool   `parquet:"is_warmup"`
	Flags      int32  `parquet:"flags,delta"`
	Cause      string `parquet:"cause,dict"`
	Batch      int32  `parquet:"batch,delta"`
	Tokens     int32  `parquet:"tokens,delta"`
	Executed   int32  `parquet:"executed_tokens,delta"`
	NewTokens  int32  `parquet:"new_tokens,delta"`
	KVTokens   int32  `parquet:"kv_tokens,delta"`
	StartNs    int64  `parquet:"start_ns,delta"`
	WallNs     int64  `parquet:"wall_ns,delta"`
	DeviceNs   *int64 `parquet:"device_ns,optional"`
	ResponseNs *int64 `parquet:"response_ns,optional"`
	CompileNs  int64  `parquet:"compile_ns,delta"`
	TTFTNs     *int64 `parquet:"ttft_ns,optional"`
	RunDelayNs *int64 `parquet:"run_delay_ns,optional"`
	MinFlt     *int64 `parquet:"minflt,optional"`
	MajFlt     *int64 `parquet:"majflt,optional"`
	NIvCSw     *int64 `parquet:"nivcsw,optional"`
}

// rowGroup is the number of rows after which a row group is closed: the
// memory a writer needs, and the step in which a reader pages.
const rowGroup = 2 * rotateRows

// SamplesFile writes samples.parquet in batches.
type SamplesFile struct {
	out  *door.File
	w    *parquet.GenericWriter[sampleRow]
	rows []sampleRow
	opt  [][7]int64 // what the optional fields of rows point to
	n    int
}

func NewSamplesFile(dir *door.Dir, name string) (*SamplesFile, error) {
	out, err := dir.Create(name)
	if err != nil {
		return nil, err
	}
	f := &SamplesFile{out: out, rows: make([]sampleRow, 0, 1024), opt: make([][7]int64, 1024)}
	f.w = parquet.NewGenericWriter[sampleRow](out, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
		parquet.KeyValueMetadata("schema", Schema), parquet.CreatedBy("tailscope", "1", ""))
	return f, nil
}

func (f *SamplesFile) Add(s *stats.Sample) error {
	i := len(f.rows)
	o := &f.opt[i]
	*o = [7]int64{s.DeviceNs, s.ResponseNs, s.TTFTNs, s.RunDelayNs, s.MinFlt, s.MajFlt, s.NIvCSw}
	f.rows = append(f.rows, sampleRow{Seq: s.Seq, Request: s.Request, Generation: s.Generation, Segment: s.Segment,
		NthInRun: s.NthInRun, Order: int32(s.Order), Mode: s.Mode.String(), Lane: s.Lane.String(), Strategy: s.Strategy,
		Scenario: s.Scenario, Prompt: s.Prompt, Backend: s.Backend, Shape: s.Shape, Status: Status(s), IsWarmup: s.Warmup,
		Flags: int32(s.Flags), Cause: s.Cause.String(), Batch: s.Batch, Tokens: s.Tokens, Executed: s.ExecutedTokens,
		NewTokens: s.NewTokens, KVTokens: s.KVTokens, StartNs: s.StartNs, WallNs: s.WallNs, CompileNs: s.CompileNs,
		DeviceNs: opt(&o[0]), ResponseNs: opt(&o[1]), TTFTNs: opt(&o[2]), RunDelayNs: opt(&o[3]),
		MinFlt: opt(&o[4]), MajFlt: opt(&o[5]), NIvCSw: opt(&o[6])})
	if len(f.rows) == cap(f.rows) {
		return f.flush()
	}
	return nil
}

func opt(v *int64) *int64 {
	if *v < 0 {
		return nil
	}
	return v
}

func (f *SamplesFile) flush() error {
	if _, err := f.w.Write(f.rows); err != nil {
		return err
	}
	if f.n += len(f.rows); f.n >= rowGroup {
		f.n = 0
		if err := f.w.Flush(); err != nil {
			return err
		}
	}
	f.rows = f.rows[:0]
	return nil
}

// WriteGroup appends a row group as it is.
func (f *SamplesFile) WriteGroup(g parquet.RowGroup) error {
	if err := f.flush(); err != nil {
		return err
	}
	_, err := f.w.WriteRowGroup(g)
	return err
}

func (f *SamplesFile) Close() error { return errors.Join(f.flush(), f.w.Close(), f.out.Close()) }

// CloseSynced is close after which the file is on disk.
func (f *SamplesFile) CloseSynced() error {
	if err := errors.Join(f.flush(), f.w.Close()); err != nil {
		return errors.Join(err, f.abort())
	}
	return f.out.CloseSynced()
}

// abort gives the file up.
func (f *SamplesFile) abort() error { return f.out.Abort() }

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
	return &StepsFile{out: out, w: parquet.NewGenericWriter[stepRow](out,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.KeyValueMetadata("schema", Schema))}, nil
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

// abort gives the file up.
func (f *StepsFile) abort() error { return f.out.Abort() }

func Status(s *stats.Sample) string {
	if s.Failed {
		return "error"
	}
	return "ok"
}
