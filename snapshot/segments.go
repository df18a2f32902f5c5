package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// A journal is a row of numbered segments. The last is appended to; those
// before it are rotated into Parquet one by one (see rotate.go), so that raw
// samples lie on disk once and finishing the folder only copies them.
//
//	000001.parquet, 000001.kv_decode.parquet, 000001.rest    rotated
//	000002.tsj                                               frames
//
// While both forms exist the frames count: the rotation was not complete.
type segment struct {
	dir string // of the journal
	n   int
}

func (s segment) name(suffix string) string { return fmt.Sprintf("%06d.%s", s.n, suffix) }
func (s segment) frames() string            { return filepath.Join(s.dir, s.name("tsj")) }
func (s segment) rest() string              { return filepath.Join(s.dir, s.name("rest")) }
func (s segment) part() string              { return filepath.Join(s.dir, s.name("parquet")) }
func (s segment) stepsName(m stats.Mode) string {
	return s.name(m.String() + ".parquet")
}

// rotated says whether the segment is Parquet by now.
func (s segment) rotated() bool {
	_, err := os.Stat(s.frames())
	return errors.Is(err, fs.ErrNotExist)
}

// lastSegment returns the number of the last segment in a journal's folder.
func lastSegment(dir string) (int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	last := 0
	for _, e := range entries {
		digits, suffix, _ := strings.Cut(e.Name(), ".")
		if n, err := strconv.Atoi(digits); err == nil && len(digits) >= 6 && (suffix == "tsj" || suffix == "parquet") {
			last = max(last, n)
		}
	}
	if last == 0 {
		return 0, fmt.Errorf("%s: %w", dir, fs.ErrNotExist)
	}
	return last, nil
}

// journalSource reads a journal as it was when it was opened.
type journalSource struct {
	dir  string
	last int
	tail *os.File // the last segment, held open: a rotation meanwhile changes nothing. nil: it is rotated
	size int64    // bytes of tail that count
}

// openJournal opens the journal in dir, up to what is there now.
func openJournal(dir string) (*journalSource, error) {
	for range 100 { // a running session may rotate between the two steps
		last, err := lastSegment(dir)
		if err != nil {
			return nil, err
		}
		s, err := openSegments(dir, last)
		if err != nil || s.tail != nil || segmentIsLast(dir, last) {
			return s, err
		}
	}
	return nil, fmt.Errorf("%s changes faster than it can be read", dir)
}

func segmentIsLast(dir string, n int) bool {
	last, err := lastSegment(dir)
	return err == nil && last == n
}

func openSegments(dir string, last int) (*journalSource, error) {
	s := &journalSource{dir: dir, last: last}
	f, err := os.Open(segment{dir, last}.frames())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.tail, s.size = f, fi.Size()
	return s, nil
}

func (s *journalSource) close() {
	if s.tail != nil {
		_ = s.tail.Close() // opened for reading
	}
}

func (s *journalSource) records(yield func(*Record) error) (d Damage, err error) {
	for _, x := range s.stretches() {
		more, err := x.records(nil, yield)
		if d.add(more); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (s *journalSource) stretches() []stretch {
	var out []stretch
	for n := 1; n <= s.last; n++ {
		seg := segment{s.dir, n}
		if n == s.last && s.tail != nil {
			out = append(out, stretch{records: func(_ keep, yield func(*Record) error) (Damage, error) {
				return eachRecord(io.NewSectionReader(s.tail, 0, s.size), yield)
			}})
			continue
		}
		x := stretch{records: seg.records}
		if seg.rotated() {
			x.part = &seg
		}
		out = append(out, x)
	}
	return out
}

// records reads the segment in whichever form it has.
func (s segment) records(k keep, yield func(*Record) error) (Damage, error) {
	f, err := os.Open(s.frames())
	if errors.Is(err, fs.ErrNotExist) {
		d, err := s.partRecords(k, yield)
		if errors.Is(err, fs.ErrNotExist) { // somebody removed it: what follows is still good
			return Damage{Frames: 1}, nil
		}
		return d, err
	}
	if err != nil {
		return Damage{}, err
	}
	defer func() { _ = f.Close() }() // opened for reading
	return eachRecord(f, yield)
}

// count sums up what the headers of the frames and the parts say.
func (s *journalSource) count() (n uint64, err error) {
	for i := 1; i <= s.last; i++ {
		seg := segment{s.dir, i}
		if i == s.last && s.tail != nil {
			n += countFrames(s.tail, s.size)
		} else if f, err := os.Open(seg.frames()); err == nil {
			n += countFrames(f, 1<<62)
			_ = f.Close() // opened for reading
		} else if c, err := openColumns(seg.part(), sampleSchema); err == nil {
			n += uint64(max(c.pf.NumRows(), 0))
			c.close()
		}
	}
	return n, nil
}

// countFrames counts the samples of whole frames up to size; damage ends it,
// which records counts.
func countFrames(f io.ReaderAt, size int64) (n uint64) {
	var h [frameHeader]byte
	for at := int64(len(journalMagic)); at < size; {
		if _, err := f.ReadAt(h[:], at); err != nil || string(h[:len(frameSync)]) != frameSync {
			return n
		}
		n += uint64(binary.LittleEndian.Uint32(h[12:]))
		at += frameHeader + int64(binary.LittleEndian.Uint32(h[4:]))
	}
	return n
}

func (d *Damage) add(o Damage) {
	d.Frames += o.Frames
	d.Samples += o.Samples
	d.Bytes += o.Bytes
	d.Torn = d.Torn || o.Torn
}
