package journal

import (
	"errors"
	"io"
)

// Source yields the records of a session in the order they were taken in, as
// often as asked. The Record passed to yield is valid until it returns.
type Source interface {
	Records(yield func(*Record) error) (Damage, error)
	// count returns about how many samples there are, cheaply.
	Count() (uint64, error)
}

// Stretch is a piece of a source that can be read, and copied, on its own.
type Stretch struct {
	// records hands out the records; a stretch without a part ignores keep.
	Records func(k keep, yield func(*Record) error) (Damage, error)
	Part    *Segment // whose rows are Parquet already; nil: none
}

// eachRecord reads a journal from in.
func eachRecord(in io.Reader, yield func(*Record) error) (Damage, error) {
	j, err := newFrameReader(in)
	if err != nil {
		return Damage{}, err
	}
	var r Record
	for {
		switch err := j.next(&r); {
		case errors.Is(err, io.EOF):
			return j.damage, nil
		case err != nil:
			return j.damage, err
		}
		if err := yield(&r); err != nil {
			return j.damage, err
		}
	}
}

// StretchesOf lists the pieces of a source in order: itself, where it has none.
func StretchesOf(src Source) []Stretch {
	if s, ok := src.(interface{ stretches() []Stretch }); ok {
		return s.stretches()
	}
	return []Stretch{{Records: func(_ keep, yield func(*Record) error) (Damage, error) { return src.Records(yield) }}}
}
