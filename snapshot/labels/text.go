package labels

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteText prints the tables for a terminal, at most limit rows each.
func (r *Report) WriteText(w io.Writer, limit int) {
	for _, v := range r.Verdicts {
		if v.Mode != "" {
			fmt.Fprintf(w, "%s: ", v.Mode)
		}
		fmt.Fprintln(w, v.Sentence)
		for _, f := range v.Flips {
			fmt.Fprintln(w, "  "+f)
		}
	}
	fmt.Fprintln(w, r.Evidence())
	for _, n := range r.Notes {
		fmt.Fprintln(w, "Note: "+n)
	}
	for _, l := range r.Left {
		if l.Failed+l.Warmups > 0 {
			fmt.Fprintf(w, "Left out of %s: %d with a status other than ok, %d warm-ups.\n", l.Label, l.Failed, l.Warmups)
		}
	}
	for _, t := range r.Tables() {
		fmt.Fprintf(w, "\n%s\n", t.Title)
		t.Print(w, limit)
	}
}

// Print aligns a table, at most limit rows of it (0: all); numbers are rounded to four decimals for the eye only.
func (t *Table) Print(w io.Writer, limit int) {
	head, rows := t.Short()
	if limit > 0 && len(rows) > limit {
		rows = rows[:limit]
	}
	width := make([]int, len(head))
	cells := append([][]string{head}, rows...)
	for _, row := range cells {
		for i, c := range row {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for _, row := range cells {
		var line strings.Builder
		for i, c := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if _, err := strconv.ParseFloat(c, 64); err == nil {
				c = pad + c
			} else {
				c += pad
			}
			line.WriteString(c + "  ")
		}
		fmt.Fprintln(w, strings.TrimRight("  "+line.String(), " "))
	}
	if len(rows) < len(t.Rows) {
		fmt.Fprintf(w, "  … and %d more\n", len(t.Rows)-len(rows))
	}
}

// Short returns the columns that hold anything, with numbers rounded for reading.
func (t *Table) Short() (head []string, rows [][]string) {
	rows = make([][]string, len(t.Rows))
	for i, h := range t.Header {
		if !slices.ContainsFunc(t.Rows, func(row []string) bool { return row[i] != "" }) {
			continue
		}
		head = append(head, h)
		for k, row := range t.Rows {
			rows[k] = append(rows[k], short(row[i]))
		}
	}
	return head, rows
}

// short rounds a number for the eye: four decimals, and of what is below 0.1
// four digits.
func short(c string) string {
	i := strings.IndexByte(c, '.')
	if i <= 0 || len(c)-i <= 5 {
		return c
	}
	f, err := strconv.ParseFloat(c, 64)
	if err != nil {
		return c
	}
	decimals := 4
	if f != 0 && math.Abs(f) < 0.1 {
		decimals = min(3-int(math.Floor(math.Log10(math.Abs(f)))), 9)
	}
	return strconv.FormatFloat(f, 'f', decimals, 64)
}
