package snapshot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"tailscope/stats"
)

// parquetReader reads the rows of a Parquet file in batches. Damage inside the
// library becomes an error.
type parquetReader[T any] struct {
	f    *os.File
	r    *parquet.GenericReader[T]
	path string
	rows []T
	n, i int
	end  bool
}

func openParquet[T any](path string) (p *parquetReader[T], err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("%s is damaged: %v", path, x)
		}
		if err != nil {
			_ = f.Close() // opened for reading
		}
	}()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	pf, err := parquet.OpenFile(f, fi.Size(), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if v, _ := pf.Lookup("schema"); v != Schema {
		return nil, fmt.Errorf("%s: schema %q, this program reads %q", path, v, Schema)
	}
	return &parquetReader[T]{f: f, r: parquet.NewGenericReader[T](pf), path: path, rows: make([]T, 1024)}, nil
}

// next returns the next row, valid until the next call, or io.EOF.
func (p *parquetReader[T]) next() (row *T, err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("%s is damaged: %v", p.path, x)
		}
	}()
	for p.i == p.n {
		if p.end {
			return nil, io.EOF
		}
		clear(p.rows)
		p.i = 0
		p.n, err = p.r.Read(p.rows)
		if errors.Is(err, io.EOF) {
			p.end = true
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", p.path, err)
		}
	}
	p.i++
	return &p.rows[p.i-1], nil
}

func (p *parquetReader[T]) close() {
	defer func() { _ = recover() }() // a damaged file was reported by next
	_ = p.r.Close()
	_ = p.f.Close() // opened for reading
}

// samplesReader reads samples.parquet.
type samplesReader struct {
	*parquetReader[sampleRow]
	intern map[string]string
}

func openSamples(path string) (*samplesReader, error) {
	p, err := openParquet[sampleRow](path)
	if err != nil {
		return nil, err
	}
	return &samplesReader{p, map[string]string{}}, nil
}

func (r *samplesReader) string(s string) string {
	if v, ok := r.intern[s]; ok {
		return v
	}
	if len(r.intern) > 1<<16 {
		clear(r.intern)
	}
	v := string(append([]byte(nil), s...))
	r.intern[v] = v
	return v
}

func (r *samplesReader) next(s *stats.Sample) error {
	w, err := r.parquetReader.next()
	if err != nil {
		return err
	}
	mode, err := stats.ParseMode(w.Mode)
	if err != nil {
		return fmt.Errorf("%s: seq %d: %w", r.path, w.Seq, err)
	}
	lane, err := stats.ParseLane(w.Lane)
	if err != nil {
		return fmt.Errorf("%s: seq %d: %w", r.path, w.Seq, err)
	}
	cause, ok := stats.ParseCause(w.Cause)
	if !ok {
		return fmt.Errorf("%s: seq %d: unknown cause %q", r.path, w.Seq, w.Cause)
	}
	*s = stats.Sample{Seq: w.Seq, Request: w.Request, Generation: w.Generation, Segment: w.Segment, NthInRun: w.NthInRun,
		Prompt: w.Prompt, Order: uint8(w.Order), Lane: lane, Mode: mode, Warmup: w.IsWarmup, Failed: w.Status != "ok",
		Flags: stats.Flag(w.Flags), Cause: cause, Strategy: r.string(w.Strategy), Scenario: r.string(w.Scenario),
		Backend: r.string(w.Backend), Shape: r.string(w.Shape), Batch: w.Batch, Tokens: w.Tokens, ExecutedTokens: w.Executed,
		NewTokens: w.NewTokens, KVTokens: w.KVTokens, StartNs: w.StartNs, WallNs: w.WallNs, DeviceNs: unopt(w.DeviceNs),
		ResponseNs: unopt(w.ResponseNs), CompileNs: w.CompileNs, TTFTNs: unopt(w.TTFTNs), RunDelayNs: unopt(w.RunDelayNs),
		MinFlt: unopt(w.MinFlt), MajFlt: unopt(w.MajFlt), NIvCSw: unopt(w.NIvCSw)}
	return nil
}

func unopt(v *int64) int64 {
	if v == nil {
		return stats.Absent
	}
	return *v
}

// stepsReaders reads the steps of each mode along with the samples: both are
// in the order of Seq.
type stepsReaders struct {
	dir   string
	modes [stats.NumModes]*stepsCursor
}

type stepsCursor struct {
	p    *parquetReader[stepRow] // nil: the mode has no steps
	row  stepRow
	have bool
}

// of sets the steps of r's sample.
func (s *stepsReaders) of(r *Record) error {
	r.Steps, r.KV = r.Steps[:0], r.KV[:0]
	c := s.modes[r.Sample.Mode]
	if c == nil {
		c = &stepsCursor{}
		s.modes[r.Sample.Mode] = c
		p, err := openParquet[stepRow](filepath.Join(s.dir, r.Sample.Mode.String(), "steps.parquet"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		c.p = p
	}
	known := false
	for c.p != nil {
		if !c.have {
			w, err := c.p.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			c.row, c.have = *w, true
		}
		if c.row.Seq > r.Sample.Seq {
			break
		}
		c.have = false
		if c.row.Seq == r.Sample.Seq && len(r.Steps) < maxSteps {
			r.Steps = append(r.Steps, c.row.WallNs)
			r.KV = append(r.KV, c.row.KVTokens)
			known = known || c.row.KVTokens != 0
		}
	}
	if !known {
		r.KV = r.KV[:0]
	}
	return nil
}

func (s *stepsReaders) close() {
	for _, c := range s.modes {
		if c != nil && c.p != nil {
			c.p.close()
		}
	}
}
