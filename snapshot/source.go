package snapshot

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// source yields the records of a session in the order they were taken in, as
// often as asked. The Record passed to yield is valid until it returns.
type source interface {
	records(yield func(*Record) error) (Damage, error)
	// count returns about how many samples there are, cheaply.
	count() (uint64, error)
}

// journalSource reads a journal up to limit bytes; 0 means all of it.
type journalSource struct {
	path  string
	limit int64
}

func (s *journalSource) records(yield func(*Record) error) (Damage, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return Damage{}, err
	}
	defer func() { _ = f.Close() }() // opened for reading
	var in io.Reader = f
	if s.limit > 0 {
		in = io.LimitReader(f, s.limit)
	}
	return eachRecord(in, yield)
}

// count sums up what the headers of the frames say.
func (s *journalSource) count() (n uint64, err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // opened for reading
	var h [frameHeader]byte
	for at := int64(len(journalMagic)); s.limit <= 0 || at < s.limit; {
		if _, err := f.ReadAt(h[:], at); err != nil || string(h[:len(frameSync)]) != frameSync {
			return n, nil // the end, or damage that records counts
		}
		n += uint64(binary.LittleEndian.Uint32(h[12:]))
		at += frameHeader + int64(binary.LittleEndian.Uint32(h[4:]))
	}
	return n, nil
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
