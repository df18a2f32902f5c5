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

var (
	sampleSchema = parquet.SchemaOf(sampleRow{})
	stepSchema   = parquet.SchemaOf(stepRow{})
)

// SamplesReader reads samples.parquet.
type SamplesReader struct {
	*columnReader
	i     int
	names rowNames // of the row before: most rows have the same
}

// rowNames are what texts of a row stand for, once known.
type rowNames struct {
	known               bool
	modeText, causeText string
	mode                stats.Mode
	cause               stats.Cause
}

func OpenSamples(dir *door.Dir, name string) (*SamplesReader, error) {
	c, err := openColumns(dir, name, sampleSchema)
	if err != nil {
		return nil, err
	}
	return &SamplesReader{columnReader: c}, nil
}

// advance goes to the next row; io.EOF ends.
func (r *SamplesReader) advance() (err error) {
	if r.i++; r.i >= r.n {
		r.i = 0
		r.n, err = r.columnReader.next()
	}
	return err
}

// seq and request of the row, and whether an executable was made in it.
func (r *SamplesReader) seq() uint64     { return uint64(r.columns[0].ints[r.i]) }
func (r *SamplesReader) request() uint64 { return uint64(r.columns[1].ints[r.i]) }
func (r *SamplesReader) compiled() bool  { return r.columns[26].ints[r.i] > 0 }

func (r *SamplesReader) Next(s *stats.Sample) error {
	if err := r.advance(); err != nil {
		return err
	}
	return r.sample(s)
}

// sample fills s with the row. The numbers are the positions in sampleRow.
func (r *SamplesReader) sample(s *stats.Sample) error {
	c, i := (*[sampleColumns]columnCursor)(r.columns), r.i%batchRows
	lane, err := stats.ParseLane(c[7].texts[i])
	if t := &r.names; !t.known || c[6].texts[i] != t.modeText || c[16].texts[i] != t.causeText {
		err = errors.Join(err, r.parseNames(c[6].texts[i], c[16].texts[i]))
	}
	if err != nil {
		return fmt.Errorf("%s: seq %d: %w", r.path, r.seq(), err)
	}
	// One field after the other: a literal would be made beside s and copied.
	s.Seq, s.Request = uint64(c[0].ints[i]), uint64(c[1].ints[i])
	s.Generation, s.Segment, s.NthInRun = int32(c[2].ints[i]), int32(c[3].ints[i]), int32(c[4].ints[i])
	s.Order, s.Mode, s.Lane, s.Cause = uint8(c[5].ints[i]), r.names.mode, lane, r.names.cause
	s.Strategy, s.Scenario, s.Prompt = c[8].texts[i], c[9].texts[i], int32(c[10].ints[i])
	s.Backend, s.Shape, s.Failed = c[11].texts[i], c[12].texts[i], c[13].texts[i] != "ok"
	s.Warmup, s.Flags = c[14].ints[i] != 0, stats.Flag(c[15].ints[i])
	s.Batch, s.Tokens, s.ExecutedTokens = int32(c[17].ints[i]), int32(c[18].ints[i]), int32(c[19].ints[i])
	s.NewTokens, s.KVTokens = int32(c[20].ints[i]), int32(c[21].ints[i])
	s.StartNs, s.WallNs, s.DeviceNs, s.ResponseNs = c[22].ints[i], c[23].ints[i], c[24].ints[i], c[25].ints[i]
	s.CompileNs, s.TTFTNs, s.RunDelayNs = c[26].ints[i], c[27].ints[i], c[28].ints[i]
	s.MinFlt, s.MajFlt, s.NIvCSw = c[29].ints[i], c[30].ints[i], c[31].ints[i]
	return nil
}

// sampleColumns is the number of columns of sampleRow.
const sampleColumns = 32

func (r *SamplesReader) parseNames(mode, cause string) (err error) {
	t := rowNames{known: true, modeText: mode, causeText: cause}
	if t.mode, err = stats.ParseMode(mode); err != nil {
		return err
	}
	var ok bool
	if t.cause, ok = stats.ParseCause(cause); !ok {
		return fmt.Errorf("unknown cause %q", cause)
	}
	r.names = t
	return nil
}

// StepsReaders reads the steps of each mode along with the samples: both are
// in the order of Seq.
type StepsReaders struct {
	dir   *door.Dir
	name  func(stats.Mode) string // of the file of a mode
	modes [stats.NumModes]*stepsCursor
}

// NewStepsReaders reads the files name(mode) in dir, where they are there.
func NewStepsReaders(dir *door.Dir, name func(stats.Mode) string) *StepsReaders {
	return &StepsReaders{dir: dir, name: name}
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
	return uint64(s.c.columns[0].ints[s.i]), true, nil
}

func (s *StepsReaders) cursor(m stats.Mode) (*stepsCursor, error) {
	if s.modes[m] == nil {
		c, err := openColumns(s.dir, s.name(m), stepSchema)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		s.modes[m] = &stepsCursor{c: c}
	}
	return s.modes[m], nil
}

// Of sets the steps of r's sample.
func (s *StepsReaders) Of(r *Record) error {
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

func (s *StepsReaders) Close() {
	for _, c := range s.modes {
		if c != nil && c.c != nil {
			c.c.Close()
		}
	}
}
