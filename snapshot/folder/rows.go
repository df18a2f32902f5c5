package folder

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"

	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// writeRows writes every file that has a row a sample: samples.parquet,
// metrics.csv, steps.parquet, run files and the trace.
func writeRows(dir *door.Dir, src journal.Source, m *Manifest, c *Collected) error {
	w := &rowWriter{dir: dir, m: m, causes: newCauseTable(c.Analysis.Causes(), c.lastSeq), c: c}
	err := w.open()
	for _, x := range journal.StretchesOf(src) {
		if err == nil {
			err = w.stretch(x)
		}
	}
	if err = errors.Join(err, w.close(err == nil)); err != nil {
		return fmt.Errorf("write the rows of %s: %w", m.RunID, err)
	}
	return nil
}

// rowWriter fans one sample out to the files.
type rowWriter struct {
	dir     *door.Dir
	m       *Manifest
	c       *Collected
	causes  *causeTable
	samples *journal.SamplesFile
	trace   *traceFile
	modes   [stats.NumModes]*modeRows
}

type modeRows struct {
	dir   *door.Dir
	csv   *door.File
	steps *journal.StepsFile
	runs  *runFiles
	every uint64
	buf   []byte
}

func (w *rowWriter) open() (err error) {
	var n, most uint64
	for _, v := range w.c.modeRows {
		n += v
		most = max(most, v)
	}
	limit, traced := uint64(CSVRows), uint64(maxTrace)
	if w.m.State == StateExported {
		limit, traced = ExportRows, exportTrace
	}
	limit, traced = cmp.Or(w.m.Limits.CSVRows, limit), cmp.Or(w.m.traceRows, traced)
	w.m.Limits.CSVRows = limit
	w.m.Limits.CSVEveryNth = every(most, limit)
	if k := w.m.Limits.CSVEveryNth; k > 1 {
		w.m.Notes = append(w.m.Notes, fmt.Sprintf("metrics.csv and runs/ hold every %d-th request of a mode with more than %d rows; samples.parquet and the statistics rest on all.", k, limit))
	}
	if w.samples, err = journal.NewSamplesFile(w.dir, SamplesName); err != nil {
		return err
	}
	w.trace, err = newTraceFile(w.dir, w.m.StartNs, n, traced)
	return err
}

func (w *rowWriter) mode(m stats.Mode) (*modeRows, error) {
	if w.modes[m] != nil {
		return w.modes[m], nil
	}
	dir, err := w.dir.Make(m.String())
	if err != nil {
		return nil, err
	}
	r := &modeRows{dir: dir, every: every(w.c.modeRows[m], w.m.Limits.CSVRows), runs: newRunFiles(w.m, w.c, m)}
	if r.csv, err = dir.Create("metrics.csv"); err != nil {
		return nil, err
	}
	w.modes[m] = r
	_, err = r.csv.Write(metricsHeader())
	return r, err
}

// stretch writes the rows of a piece of the session. Rows that are Parquet
// already are copied, and only those that a text file wants are decoded.
func (w *rowWriter) stretch(x journal.Stretch) error {
	if x.Part == nil {
		_, err := x.Records(nil, w.take)
		return err
	}
	var causes []stats.Cause // of each row
	damage, err := x.Records(func(seq, request uint64, compiled bool) bool {
		c := w.causes.of(seq)
		causes = append(causes, c)
		return compiled || c != stats.CauseNone || request%w.trace.every == 0 || w.inCSV(request)
	}, w.text)
	if err != nil {
		return err
	}
	if damage != (journal.Damage{}) { // what cannot be read is not copied
		_, err := x.Records(nil, w.row)
		return err
	}
	if err = w.copyPart(x.Part, causes); errors.Is(err, parquet.ErrRowGroupSchemaMismatch) { // of an older version, with fewer columns; nothing is copied
		_, err = x.Records(nil, w.row)
	}
	return err
}

// inCSV says whether the metrics.csv of any mode has the request.
func (w *rowWriter) inCSV(request uint64) bool {
	for _, n := range w.c.modeRows {
		if n > 0 && request%every(n, w.m.Limits.CSVRows) == 0 {
			return true
		}
	}
	return false
}

// take writes a record to all files.
func (w *rowWriter) take(r *journal.Record) error {
	if err := w.row(r); err != nil {
		return err
	}
	return w.text(r)
}

// row writes a sample to the files for programs.
func (w *rowWriter) row(r *journal.Record) error {
	if r.Kind != journal.KindSample {
		return nil
	}
	r.Sample.Cause = w.causes.of(r.Sample.Seq)
	if err := w.samples.Add(&r.Sample); err != nil || len(r.Steps) == 0 {
		return err
	}
	steps, err := w.stepsOf(r.Sample.Mode)
	if err != nil {
		return err
	}
	return steps.Add(r)
}

func (w *rowWriter) stepsOf(m stats.Mode) (*journal.StepsFile, error) {
	mode, err := w.mode(m)
	if err != nil {
		return nil, err
	}
	if mode.steps != nil {
		return mode.steps, nil
	}
	mode.steps, err = journal.NewStepsFile(mode.dir, StepsName)
	return mode.steps, err
}

// text writes a record to the files that people read.
func (w *rowWriter) text(r *journal.Record) error {
	if r.Kind != journal.KindSample {
		return w.trace.record(r)
	}
	s := &r.Sample
	s.Cause = w.causes.of(s.Seq)
	mode, err := w.mode(s.Mode)
	if err != nil {
		return err
	}
	if s.Request%mode.every == 0 {
		mode.buf = appendMetricsRow(mode.buf[:0], w.m.RunID, w.m.StartNs, s)
		if _, err := mode.csv.Write(mode.buf); err != nil {
			return err
		}
		mode.runs.add(s)
	}
	return w.trace.sample(s)
}

func (w *rowWriter) close(ok bool) error {
	var errs []error
	if w.samples != nil {
		errs = append(errs, w.samples.Close())
	}
	if w.trace != nil {
		errs = append(errs, w.trace.close())
	}
	for _, r := range w.modes {
		if r == nil {
			continue
		}
		errs = append(errs, r.csv.Close())
		if r.steps != nil {
			errs = append(errs, r.steps.Close())
		}
		if ok {
			errs = append(errs, r.runs.write(r.dir))
		}
	}
	return errors.Join(errs...)
}
