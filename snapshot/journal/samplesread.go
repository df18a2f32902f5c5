package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/parquet-go/parquet-go"

	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// SamplesReader reads samples.parquet.
type SamplesReader struct {
	*columnReader
	i                    int
	seqs, requests, made *columnCursor
}

// OpenSamples opens a file that a SamplesFile wrote, of this version or an
// earlier one.
func OpenSamples(dir *door.Dir, name string) (*SamplesReader, error) {
	c, err := openColumns(dir, name, sampleSchema)
	if err != nil {
		return nil, err
	}
	return &SamplesReader{columnReader: c, seqs: c.named("seq"), requests: c.named("request"), made: c.named("compile_ns")}, nil
}

// Lost counts the rows so far that could not be read.
func (r *SamplesReader) Lost() uint64 { return r.lost }

// advance goes to the next row that can be read; io.EOF ends.
func (r *SamplesReader) advance() (err error) {
	if r.i++; r.i >= r.n {
		r.i = 0
		r.n, err = r.columnReader.next()
	}
	return err
}

// seq and request of the row, and whether an executable was made in it.
func (r *SamplesReader) seq() uint64     { return uint64(r.seqs.ints[r.i]) }
func (r *SamplesReader) request() uint64 { return uint64(r.requests.ints[r.i]) }
func (r *SamplesReader) compiled() bool  { return r.made.ints[r.i] > 0 }

// Next fills s with the next row; io.EOF ends.
func (r *SamplesReader) Next(s *stats.Sample) error {
	if err := r.advance(); err != nil {
		return err
	}
	return r.sample(s)
}

// sample fills s with the row.
func (r *SamplesReader) sample(s *stats.Sample) error {
	i := r.i % batchRows
	for k, c := range stats.Columns {
		if at := &r.columns[k]; c.Type != stats.Text {
			c.Set(s, at.ints[i])
		} else if err := c.SetText(s, at.texts[i]); err != nil {
			return fmt.Errorf("%s: seq %d: %w", r.path, r.seq(), err)
		}
	}
	return nil
}

// stepSchema is steps.parquet.
var stepSchema = parquet.SchemaOf(stepRow{})

// StepsReaders reads the steps of each mode along with the samples: both are
// in the order of Seq.
type StepsReaders struct {
	dir   *door.Dir
	name  func(stats.Mode) string // of the file of a mode
	modes [stats.NumModes]*stepsCursor
	Bad   int // files that could not be read to their end
}

// NewStepsReaders reads the files name(mode) in dir, where they are there.
func NewStepsReaders(dir *door.Dir, name func(stats.Mode) string) *StepsReaders {
	return &StepsReaders{dir: dir, name: name}
}

// stepsCursor is the next step of a mode.
type stepsCursor struct {
	c               *columnReader // nil: the mode has no steps, or they have ended
	i, n            int
	seqs, walls, kv *columnCursor
}

// head returns the seq of the next step; false at the end.
func (s *stepsCursor) head() (seq uint64, ok bool, err error) {
	for s.c != nil && s.i >= s.n {
		s.i = 0
		if s.n, err = s.c.next(); errors.Is(err, io.EOF) {
			s.c.Close()
			s.c, err = nil, nil
		}
		if err != nil {
			return 0, false, err
		}
	}
	if s.c == nil {
		return 0, false, nil
	}
	return uint64(s.seqs.ints[s.i]), true, nil
}

func (s *StepsReaders) cursor(m stats.Mode) (*stepsCursor, error) {
	if s.modes[m] == nil {
		c, err := openColumns(s.dir, s.name(m), stepSchema)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		s.modes[m] = &stepsCursor{c: c}
		if c != nil {
			s.modes[m] = &stepsCursor{c: c, seqs: c.named("seq"), walls: c.named("wall_ns"), kv: c.named("kv_tokens")}
		}
	}
	return s.modes[m], nil
}

// Of sets the steps of r's sample: none once their file could not be read.
func (s *StepsReaders) Of(r *Record) {
	if err := s.of(r); err != nil {
		s.Bad++
		r.Steps, r.KV = r.Steps[:0], r.KV[:0]
		s.modes[r.Sample.Mode] = &stepsCursor{}
	}
}

func (s *StepsReaders) of(r *Record) error {
	r.Steps, r.KV = r.Steps[:0], r.KV[:0]
	cur, err := s.cursor(r.Sample.Mode)
	if err != nil {
		return err
	}
	known := false
	for {
		seq, ok, err := cur.head()
		if err != nil {
			return err
		}
		if !ok || seq > r.Sample.Seq {
			break
		}
		if seq == r.Sample.Seq && len(r.Steps) < maxSteps {
			wall, kv := cur.walls.ints[cur.i], int32(cur.kv.ints[cur.i])
			r.Steps, r.KV = append(r.Steps, wall), append(r.KV, kv)
			known = known || kv != 0
		}
		cur.i++
	}
	if !known {
		r.KV = r.KV[:0]
	}
	return nil
}

func (s *StepsReaders) Close() {
	for _, c := range s.modes {
		if c != nil && c.c != nil {
			c.c.Close()
		}
	}
}
