package stats

import "strings"

// ColumnType is how a column's values are kept in Parquet.
type ColumnType uint8

// The types of columns.
const (
	Int32 ColumnType = iota
	Int64
	Uint64
	Bool
	Text
)

// Column is one thing known of a sample.
type Column struct {
	Name    string // in samples.parquet; times end in _ns
	CSV     string // in metrics.csv, times in ms; "": it is not there
	Wire    string // in a batch of the protocol; "": the engine does not send it
	Unit    string // in metrics.csv; "": none
	Doc     string // what it means
	Type    ColumnType
	Time    bool // nanoseconds
	Instant bool // a time of CLOCK_MONOTONIC; in metrics.csv since the session's start
	Absent  bool // may be missing: Absent, null, an empty field

	// Numbers, and truth values as 0 and 1, have Get and Set; texts the others.
	Get     func(*Sample) int64
	Set     func(*Sample, int64)
	Text    func(*Sample) string
	SetText func(*Sample, string) error
}

func (c *Column) wire(name string) *Column  { c.Wire = name; return c }
func (c *Column) in(unit string) *Column    { c.Unit = unit; return c }
func (c *Column) asCSV(name string) *Column { c.CSV = name; return c }
func (c *Column) instant() *Column          { c.Instant = true; return c }
func (c *Column) absent() *Column           { c.Absent = true; return c }
func (c *Column) notInCSV() *Column         { c.CSV = "-"; return c }

type integer interface{ int32 | int64 | uint64 }

func numeric[T integer](name, doc string, t ColumnType, at func(*Sample) *T) *Column {
	return &Column{Name: name, Doc: doc, Type: t,
		Get: func(s *Sample) int64 { return int64(*at(s)) }, Set: func(s *Sample, v int64) { *at(s) = T(v) }}
}

func unsigned(name, doc string, at func(*Sample) *uint64) *Column {
	return numeric(name, doc, Uint64, at)
}

func count(name, doc string, at func(*Sample) *int32) *Column { return numeric(name, doc, Int32, at) }

func number(name, doc string, at func(*Sample) *int64) *Column { return numeric(name, doc, Int64, at) }

// duration is a time in nanoseconds.
func duration(name, doc string, at func(*Sample) *int64) *Column {
	c := number(name, doc, at)
	c.Time, c.Unit = true, "ms"
	return c
}

func flag(name, doc string, at func(*Sample) *bool) *Column {
	return &Column{Name: name, Doc: doc, Type: Bool,
		Get: func(s *Sample) int64 {
			if *at(s) {
				return 1
			}
			return 0
		},
		Set: func(s *Sample, v int64) { *at(s) = v != 0 }}
}

func text(name, doc string, at func(*Sample) *string) *Column {
	return &Column{Name: name, Doc: doc, Type: Text, Text: func(s *Sample) string { return *at(s) },
		SetText: func(s *Sample, v string) error { *at(s) = v; return nil }}
}

// ColumnOf finds a column by its name in samples.parquet; nil if there is none.
func ColumnOf(name string) *Column {
	for _, c := range Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// CSVColumns lists the columns of metrics.csv, in order.
var CSVColumns = func() (out []*Column) {
	listed := map[*Column]bool{}
	for _, n := range csvOrder {
		c := ColumnOf(n)
		out, listed[c] = append(out, c), true
	}
	for _, c := range Columns {
		switch {
		case c.CSV == "-":
			c.CSV = ""
			continue
		case c.CSV == "":
			c.CSV = c.Name
			if c.Time {
				c.CSV = strings.TrimSuffix(c.Name, "_ns") + "_ms"
			}
		}
		if !listed[c] {
			out = append(out, c)
		}
	}
	return out
}()

// Unknown is a sample of which nothing is known.
func Unknown() Sample { return unknown }

var unknown = func() (s Sample) {
	for _, c := range Columns {
		if c.Absent {
			c.Set(&s, Absent)
		}
	}
	return s
}()
