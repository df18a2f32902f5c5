package snapshot

import (
	"errors"
	"io"
)

// source yields the records of a session in the order they were taken in, as
// often as asked. The Record passed to yield is valid until it returns.
type source interface {
	records(yield func(*Record) error) (Damage, error)
	// count returns about how many samples there are, cheaply.
	count() (uint64, error)
}

// stretch is a piece of a source that can be read, and copied, on its own.
type stretch struct {
	// records hands out the records; a stretch without a part ignores keep.
	records func(k keep, yield func(*Record) error) (Damage, error)
	part    *segment // whose rows are Parquet already; nil: none
}

// eachRecord reads a journal from in.
func eachRecord(in io.Reader, yield func(*Record) error) (Damage, error) {
	j, err := newJournalReader(in)
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

// stretchesOf lists the pieces of a source in order: itself, where it has none.
func stretchesOf(src source) []stretch {
	if s, ok := src.(interface{ stretches() []stretch }); ok {
		return s.stretches()
	}
	return []stretch{{records: func(_ keep, yield func(*Record) error) (Damage, error) { return src.records(yield) }}}
}
