package snapshot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/parquet-go/parquet-go"

	"tailscope/stats"
)

var (
	sampleSchema = parquet.SchemaOf(sampleRow{})
	stepSchema   = parquet.SchemaOf(stepRow{})
)

// samplesReader reads samples.parquet.
type samplesReader struct {
	*columnReader
	i int
}

func openSamples(path string) (*samplesReader, error) {
	c, err := openColumns(path, sampleSchema)
	if err != nil {
		return nil, err
	}
	return &samplesReader{columnReader: c}, nil
}

// advance goes to the next row; io.EOF ends.
func (r *samplesReader) advance() (err error) {
	if r.i++; r.i >= r.n {
		r.i = 0
		r.n, err = r.columnReader.next()
	}
	return err
}

// seq and request of the row, and whether an executable was made in it.
func (r *samplesReader) seq() uint64     { return uint64(r.columns[0].ints[r.i]) }
func (r *samplesReader) request() uint64 { return uint64(r.columns[1].ints[r.i]) }
func (r *samplesReader) compiled() bool  { return r.columns[26].ints[r.i] > 0 }

func (r *samplesReader) next(s *stats.Sample) error {
	if err := r.advance(); err != nil {
		return err
	}
	return r.sample(s)
}

// sample fills s with the row. The numbers are the positions in sampleRow.
func (r *samplesReader) sample(s *stats.Sample) error {
	num := func(i int) int64 { return r.columns[i].ints[r.i] }
	text := func(i int) string { return r.columns[i].texts[r.i] }
	mode, err := stats.ParseMode(text(6))
	if err != nil {
		return fmt.Errorf("%s: seq %d: %w", r.path, r.seq(), err)
	}
	lane, err := stats.ParseLane(text(7))
	if err != nil {
		return fmt.Errorf("%s: seq %d: %w", r.path, r.seq(), err)
	}
	cause, ok := stats.ParseCause(text(16))
	if !ok {
		return fmt.Errorf("%s: seq %d: unknown cause %q", r.path, r.seq(), text(16))
	}
	*s = stats.Sample{Seq: r.seq(), Request: r.request(), Generation: int32(num(2)), Segment: int32(num(3)),
		NthInRun: int32(num(4)), Order: uint8(num(5)), Mode: mode, Lane: lane, Strategy: text(8), Scenario: text(9),
		Prompt: int32(num(10)), Backend: text(11), Shape: text(12), Failed: text(13) != "ok", Warmup: num(14) != 0,
		Flags: stats.Flag(num(15)), Cause: cause, Batch: int32(num(17)), Tokens: int32(num(18)), ExecutedTokens: int32(num(19)),
		NewTokens: int32(num(20)), KVTokens: int32(num(21)), StartNs: num(22), WallNs: num(23), DeviceNs: num(24),
		ResponseNs: num(25), CompileNs: num(26), TTFTNs: num(27), RunDelayNs: num(28), MinFlt: num(29), MajFlt: num(30),
		NIvCSw: num(31)}
	return nil
}

// stepsReaders reads the steps of each mode along with the samples: both are
// in the order of Seq.
type stepsReaders struct {
	path  func(stats.Mode) string // of the file of a mode
	modes [stats.NumModes]*stepsCursor
}

// stepsCursor is the next step of a mode.
type stepsCursor struct {
	c    *columnReader // nil: the mode has no steps, or they have ended
	i, n int
}

// head returns the seq of the next step; false at the end.
func (s *stepsCursor) head() (seq uint64, ok bool, err error) {
	for s.c != nil && s.i >= s.n {
		s.i = 0
		if s.n, err = s.c.next(); errors.Is(err, io.EOF) {
			s.c.close()
			s.c, err = nil, nil
		}
		if err != nil {
			return 0, false, err
		}
	}
	if s.c == nil {
		return 0, false, nil
	}
	return uint64(s.c.columns[0].ints[s.i]), true, nil
}

func (s *stepsReaders) cursor(m stats.Mode) (*stepsCursor, error) {
	if s.modes[m] == nil {
		c, err := openColumns(s.path(m), stepSchema)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		s.modes[m] = &stepsCursor{c: c}
	}
	return s.modes[m], nil
}

// of sets the steps of r's sample.
func (s *stepsReaders) of(r *Record) error {
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
			wall, kv := cur.c.columns[4].ints[cur.i], int32(cur.c.columns[5].ints[cur.i])
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

func (s *stepsReaders) close() {
	for _, c := range s.modes {
		if c != nil && c.c != nil {
			c.c.close()
		}
	}
}
