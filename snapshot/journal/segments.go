package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/tailscope/tailscope/snapshot/internal/door"
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
type Segment struct {
	dir *door.Dir // of the journal
	n   int
}

func (s Segment) name(suffix string) string     { return fmt.Sprintf("%06d.%s", s.n, suffix) }
func (s Segment) frames() string                { return s.name("tsj") }
func (s Segment) rest() string                  { return s.name("rest") }
func (s Segment) part() string                  { return s.name("parquet") }
func (s Segment) stepsName(m stats.Mode) string { return s.name(m.String() + ".parquet") }

// rotated says whether the segment is Parquet by now.
func (s Segment) rotated() bool { return !s.dir.Has(s.frames()) }

// segmentsIn returns the numbers of the segments in a journal's folder, in
// order. Whatever a name claims, no more are looked at than there are files.
func segmentsIn(dir *door.Dir) ([]int, error) {
	entries, err := dir.List()
	if err != nil {
		return nil, err
	}
	var ns []int
	for _, e := range entries {
		digits, suffix, _ := strings.Cut(e.Name(), ".")
		if n, err := strconv.Atoi(digits); err == nil && n > 0 && len(digits) >= 6 && (suffix == "tsj" || suffix == "parquet") {
			ns = append(ns, n)
		}
	}
	if len(ns) == 0 {
		return nil, fmt.Errorf("%s: %w", dir.Path(), fs.ErrNotExist)
	}
	slices.Sort(ns)
	return slices.Compact(ns), nil
}

// Reader reads a journal as it was when it was opened.
type Reader struct {
	dir  *door.Dir
	ns   []int    // of the segments
	tail *os.File // the last segment, held open: a rotation meanwhile changes nothing. nil: it is rotated
	size int64    // bytes of tail that count
}

// Open opens the journal in dir, up to what is there now.
func Open(dir *door.Dir) (*Reader, error) {
	for range 100 { // a running session may rotate between the two steps
		s, err := openSegments(dir)
		if err != nil || s.tail != nil {
			return s, err
		}
		if again, err := segmentsIn(dir); err == nil && slices.Max(again) == s.last() {
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s changes faster than it can be read", dir.Path())
}

func openSegments(dir *door.Dir) (*Reader, error) {
	ns, err := segmentsIn(dir)
	if err != nil {
		return nil, err
	}
	s := &Reader{dir: dir, ns: ns}
	f, err := dir.Read(Segment{dir, s.last()}.frames())
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

func (s *Reader) last() int { return s.ns[len(s.ns)-1] }

// Close closes the journal.
func (s *Reader) Close() {
	if s.tail != nil {
		_ = s.tail.Close() // opened for reading
	}
}

// Records hands out every record; what cannot be read is damage, and no error.
func (s *Reader) Records(yield func(*Record) error) (d Damage, err error) {
	for _, x := range s.stretches() {
		more, err := x.Records(nil, yield)
		if d.add(more); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (s *Reader) stretches() []Stretch {
	var out []Stretch
	prev, seen := 0, map[any]bool{}
	gone := Stretch{Records: func(keep, func(*Record) error) (Damage, error) { return Damage{Frames: 1}, nil }}
	for _, n := range s.ns {
		if n != prev+1 { // somebody removed what lies between: what follows is still good
			out = append(out, gone)
		}
		prev = n
		seg := Segment{s.dir, n}
		if s.copied(seen, seg) {
			out = append(out, gone)
			continue
		}
		if n == s.last() && s.tail != nil {
			out = append(out, Stretch{Records: func(_ keep, yield func(*Record) error) (Damage, error) {
				return eachRecord(io.NewSectionReader(s.tail, 0, s.size), yield)
			}})
			continue
		}
		x := Stretch{Records: seg.Records}
		if seg.rotated() {
			x.Part = &seg
		}
		out = append(out, x)
	}
	return out
}

// copied says whether a segment is a copy of one that was seen, in either form:
// it has the same first frame, or its samples begin with the same number.
func (s *Reader) copied(seen map[any]bool, seg Segment) bool {
	head, first, ok := seg.begins()
	if seen[head] || ok && seen[first] {
		return true
	}
	seen[head] = head != [frameHeader]byte{}
	if ok {
		seen[first] = true
	}
	return false
}

// begins returns the header of a segment's first frame, its checksum in it, zero
// where there is none, and the number of its first sample, if that can be read and
// its frame is whole: a damaged number might be that of another segment.
func (s Segment) begins() (head [frameHeader]byte, first uint64, ok bool) {
	f, err := s.dir.Read(s.frames())
	if err != nil {
		first, ok = s.partBegins()
		return head, first, ok
	}
	defer func() { _ = f.Close() }() // opened for reading
	eachHeader(f, 1<<62, func(at int64, h *[frameHeader]byte) bool {
		if head == ([frameHeader]byte{}) {
			head = *h
		}
		if binary.LittleEndian.Uint32(h[12:]) == 0 {
			return true
		}
		first, ok = binary.LittleEndian.Uint64(h[16:]), wholeFrame(f, at, h)
		return false
	})
	return head, first, ok
}

// partBegins is begins of a rotated segment. The number comes from a page, which
// carries a checksum.
func (s Segment) partBegins() (first uint64, ok bool) {
	r, err := OpenSamples(s.dir, s.part())
	if err != nil {
		return 0, false
	}
	defer r.Close()
	if r.advance() != nil {
		return 0, false
	}
	return r.seq(), true
}

// Records reads the segment in whichever form it has.
func (s Segment) Records(k keep, yield func(*Record) error) (Damage, error) {
	f, err := s.dir.Read(s.frames())
	if err != nil {
		return s.partRecords(k, yield)
	}
	defer func() { _ = f.Close() }() // opened for reading
	return eachRecord(f, yield)
}

// Count sums up what the headers of the frames and the parts say.
func (s *Reader) Count() (n uint64, err error) {
	for _, i := range s.ns {
		seg := Segment{s.dir, i}
		if i == s.last() && s.tail != nil {
			n += countFrames(s.tail, s.size)
		} else if f, err := s.dir.Read(seg.frames()); err == nil {
			n += countFrames(f, 1<<62)
			_ = f.Close() // opened for reading
		} else if c, err := openColumns(s.dir, seg.part(), sampleSchema); err == nil {
			n += uint64(max(c.pf.NumRows(), 0))
			c.Close()
		}
	}
	return n, nil
}

// Groups hands out the row groups of a rotated segment's samples.
func (s Segment) Groups(do func(parquet.RowGroup) error) error { return eachGroup(s.dir, s.part(), do) }

// StepGroups hands out those of a mode's decode steps; there may be none.
func (s Segment) StepGroups(m stats.Mode, do func(parquet.RowGroup) error) error {
	if !s.dir.Has(s.stepsName(m)) {
		return nil
	}
	return eachGroup(s.dir, s.stepsName(m), do)
}

// Written is when the journal was last appended to.
func (s *Reader) Written() (time.Time, error) {
	stat := func() (fs.FileInfo, error) { return s.dir.Stat(".") }
	if s.tail != nil {
		stat = s.tail.Stat
	}
	fi, err := stat()
	if err != nil {
		return time.Time{}, err
	}
	return fi.ModTime(), nil
}

// Bytes is the size of the journal's files.
func (s *Reader) Bytes() (n int64) {
	entries, err := s.dir.List()
	if err != nil {
		return s.size
	}
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && e.Name() != reserveName {
			n += fi.Size()
		}
	}
	return n
}
