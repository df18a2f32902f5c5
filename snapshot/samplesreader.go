package snapshot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
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

// parseMs reads milliseconds with up to six decimals as nanoseconds, exactly;
// other notations are rounded to the nearest nanosecond.
func parseMs(b []byte) (int64, error) {
	if v, ok := parseMsFast(b); ok {
		return v, nil
	}
	return parseMsSlow(string(b), 1e6)
}

// nsLimit bounds a time read from a file: about 31 years.
const nsLimit = 1e18

func parseMsFast(b []byte) (int64, bool) {
	i, neg := 0, false
	if len(b) > 0 && b[0] == '-' {
		neg, i = true, 1
	}
	if len(b)-i == 0 || len(b)-i > 18 {
		return 0, false
	}
	var v int64
	frac, digits := -1, 0
	for ; i < len(b); i++ {
		c := b[i]
		if c == '.' && frac < 0 {
			frac = 0
			continue
		}
		if c < '0' || c > '9' || frac == 6 {
			return 0, false
		}
		v = v*10 + int64(c-'0')
		digits++
		if frac >= 0 {
			frac++
		}
	}
	for k := max(frac, 0); k < 6; k++ {
		if v > nsLimit/10 {
			return 0, false
		}
		v *= 10
	}
	if neg {
		v = -v
	}
	return v, digits > 0
}

// checkNs turns a float of nanoseconds into an integer.
func checkNs(v float64) (int64, error) {
	if math.IsNaN(v) || math.Abs(v) > nsLimit {
		return 0, fmt.Errorf("%v ns is no time", v)
	}
	return int64(math.Round(v)), nil
}
