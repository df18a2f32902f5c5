package torchtrace

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/tailscope/tailscope/runner/sys"
)

// traceFile are the files that torch writes into TORCH_TRACE.
const traceFile = "dedicated_log_torch_trace_*.log"

var rankName = regexp.MustCompile(`_rank_(\d+)_`)

// maxLine bounds a line: payloads are a line each of code, metrics are long.
const maxLine = 8 << 20

// Folder follows the traces of a folder, of all its processes.
type Folder struct {
	Dir   string
	files map[string]*file
}

type file struct {
	f    *os.File
	r    *bufio.Reader
	p    Parser
	part []byte
	rank int
}

// Poll reads what has come since and hands over each record with the file it
// stands in. Files that appear later are found by a later Poll; one that cannot
// be read keeps no other from being read.
func (d *Folder) Poll(take func(name string, r Record)) error {
	names, err := filepath.Glob(filepath.Join(sys.EscapeGlob(d.Dir), traceFile))
	if err != nil {
		return err
	}
	if d.files == nil {
		if _, err := os.Stat(d.Dir); err != nil {
			return err
		}
		d.files = map[string]*file{}
	}
	slices.Sort(names)
	errs := make([]error, len(names))
	for i, name := range names {
		errs[i] = d.poll(name, take)
	}
	return errors.Join(errs...)
}

// poll reads what has come into one file since.
func (d *Folder) poll(name string, take func(name string, r Record)) error {
	if d.files[name] == nil {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		d.files[name] = &file{f: f, r: bufio.NewReaderSize(f, 256<<10), rank: rankOf(name)}
	}
	return d.files[name].poll(func(r Record) { take(filepath.Base(name), r) })
}

// Counts sums up lines that begin a record, and those that are not understood.
func (d *Folder) Counts() (files, lines, unknown int) {
	for _, f := range d.files {
		files, lines, unknown = files+1, lines+f.p.Lines, unknown+f.p.Unknown
	}
	return files, lines, unknown
}

// Close closes the files.
func (d *Folder) Close() {
	for _, f := range d.files {
		_ = f.f.Close() // only read
	}
}

func rankOf(name string) int {
	if m := rankName.FindStringSubmatch(filepath.Base(name)); m != nil {
		n, err := strconv.Atoi(m[1])
		if err == nil {
			return n
		}
	}
	return -1
}

// poll takes the whole lines that are there.
func (f *file) poll(take func(Record)) error {
	give := func(rs []Record) {
		for _, r := range rs {
			if r.Rank < 0 {
				r.Rank = f.rank
			}
			take(r)
		}
	}
	for {
		text, err := f.r.ReadSlice('\n')
		if len(f.part)+len(text) <= maxLine {
			f.part = append(f.part, text...)
		}
		switch {
		case err == nil:
			give(f.p.Line(bytes.TrimRight(f.part, "\r\n")))
			f.part = f.part[:0]
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			if len(f.part) == 0 {
				give(f.p.Flush()) // what is there is whole: torch writes a record at once
			}
			return nil
		default:
			return err
		}
	}
}
