package journal

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/tailscope/tailscope/stats"
)

// lastByHand is the last column of stats.Columns among the fields written by
// hand. What follows it is written from the table: a sample that has any of
// it as it was not in the lane's sample before has the bit hasFurther and, after
// its fields,
//
//	count, count × (column varint, difference varint)
//
// with columns numbered from 0 after lastByHand, and 0 for what is absent, or
// was not known when the journal was written.
const (
	lastByHand = "padding_ns"
	hasFurther = 1 << 7
)

var further = stats.Columns[1+slices.Index(stats.Columns, stats.ColumnOf(lastByHand)):]

// values appends what s has in the further columns; a text is its number.
func (e *frameEncoder) values(s *stats.Sample, out []int64) []int64 {
	for _, c := range further {
		switch {
		case c.Type == stats.Text && c.Text(s) == "":
			out = append(out, 0)
		case c.Type == stats.Text:
			out = append(out, e.number(c.Text(s))+1)
		case c.Absent:
			out = append(out, c.Get(s)-stats.Absent)
		default:
			out = append(out, c.Get(s))
		}
	}
	return out
}

// appendFurther appends those that differ from the lane's sample before, if
// any does.
func (e *frameEncoder) appendFurther(lane stats.Lane) bool {
	was := e.pred.further[lane]
	n := uint64(0)
	for i, v := range e.further {
		if v != was[i] {
			n++
		}
	}
	if n == 0 {
		return false
	}
	e.buf = binary.AppendUvarint(e.buf, n)
	for i, v := range e.further {
		if v != was[i] {
			e.buf = binary.AppendVarint(binary.AppendUvarint(e.buf, uint64(i)), v-was[i])
		}
	}
	copy(was, e.further)
	return true
}

// further reads what appendFurther wrote, if anything was, and fills s.
func (d *frameDecoder) further(s *stats.Sample, written bool) error {
	is := d.pred.further[s.Lane]
	if written {
		n, err := d.uvarint()
		for ; n > 0 && err == nil; n-- {
			err = d.change(is)
		}
		if err != nil {
			return err
		}
	}
	for i, c := range further {
		if err := d.set(c, s, is[i]); err != nil {
			return err
		}
	}
	return nil
}

// change reads a column's number and difference.
func (d *frameDecoder) change(is []int64) error {
	i, err := d.uvarint()
	if err != nil {
		return err
	}
	v, err := d.varint()
	if err != nil {
		return err
	}
	if i >= uint64(len(is)) {
		return fmt.Errorf("journal sample with column %d after %s: this program knows %d", i, lastByHand, len(is))
	}
	is[i] += v
	return nil
}

func (d *frameDecoder) set(c *stats.Column, s *stats.Sample, v int64) error {
	switch {
	case c.Type == stats.Text && v == 0:
		return c.SetText(s, "")
	case c.Type == stats.Text:
		if uint64(v-1) >= uint64(len(d.strings)) {
			return errNoString
		}
		return c.SetText(s, d.strings[v-1])
	case c.Absent:
		v += stats.Absent
	}
	c.Set(s, v)
	return nil
}
