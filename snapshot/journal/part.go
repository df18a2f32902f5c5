package journal

import (
	"errors"
	"io"
	"os"
)

// keep says whether a row is wanted; it is asked once for each, in order.
type keep func(seq, request uint64, compiled bool) bool

// partRecords reads a rotated segment in the order in which it was taken in.
// Samples that k does not want are left out. What cannot be read is damage.
func (s Segment) partRecords(k keep, yield func(*Record) error) (d Damage, err error) {
	rest := s.openRest()
	defer func() { d.add(rest.close()) }()
	samples, err := OpenSamples(s.dir, s.part())
	if err != nil {
		d.Frames++
		return d, rest.until(1<<63, yield)
	}
	defer samples.Close()
	steps := NewStepsReaders(s.dir, s.stepsName)
	defer steps.Close()
	defer func() {
		d.Samples += samples.Lost()
		d.Frames += steps.Bad
		if samples.Lost() > 0 {
			d.Frames++
		}
	}()
	var r Record
	for n := uint64(0); ; n++ {
		if err := rest.until(n+samples.Lost(), yield); err != nil {
			return d, err
		}
		if err := samples.advance(); errors.Is(err, io.EOF) {
			return d, rest.until(1<<63, yield)
		} else if err != nil {
			return d, err
		}
		if k != nil && !k(samples.seq(), samples.request(), samples.compiled()) {
			continue
		}
		r.Kind = KindSample
		if samples.sample(&r.Sample) != nil { // a name that is none
			d.Samples++
			continue
		}
		steps.Of(&r)
		if err := yield(&r); err != nil {
			return d, err
		}
	}
}

// restReader hands out the records of a rotated segment that are no samples.
type restReader struct {
	f      *os.File
	j      *frameReader
	r      Record
	have   bool
	end    bool
	at     uint64 // samples before r
	damage Damage // of the file as a whole
}

func (s Segment) openRest() *restReader {
	r := &restReader{end: true}
	var err error
	if r.f, err = s.dir.Read(s.rest()); err != nil {
		r.damage.Frames++
		return r
	}
	if r.j, err = newFrameReader(r.f); err != nil {
		r.damage.Frames++
	}
	if fi, err := r.f.Stat(); err == nil && fi.Size() < int64(len(magic)) { // it was written whole
		r.damage.Frames++
	}
	r.end = r.j == nil
	return r
}

func (r *restReader) close() Damage {
	if r.j != nil {
		r.damage.add(r.j.damage)
	}
	if r.f != nil {
		_ = r.f.Close() // opened for reading
	}
	return r.damage
}

// until yields what came before sample n+1 of the segment.
func (r *restReader) until(n uint64, yield func(*Record) error) error {
	for {
		for !r.have && !r.end {
			err := r.j.next(&r.r)
			switch {
			case errors.Is(err, io.EOF):
				r.end = true
			case err != nil:
				return err
			case r.r.Kind == KindAt:
				r.at = r.r.at
			default:
				r.have = true
			}
		}
		if !r.have || r.at > n {
			return nil
		}
		r.have = false
		if err := yield(&r.r); err != nil {
			return err
		}
	}
}
