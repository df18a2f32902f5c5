package foreign

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	_ "github.com/tailscope/tailscope/snapshot/foreign/inference" // registers its formats
	_ "github.com/tailscope/tailscope/snapshot/foreign/load"      // registers its formats
	_ "github.com/tailscope/tailscope/snapshot/foreign/micro"     // registers its formats
	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

// What callers need of package rows.
type (
	Row         = rows.Row
	Options     = rows.Options
	Filter      = rows.Filter
	Info        = rows.Info
	Reported    = rows.Reported
	RunCompile  = rows.RunCompile
	ColumnError = rows.ColumnError
)

// Fields that Options.Columns can map, in the order of help texts.
var Fields = rows.Fields

// ErrNone says that a path holds nothing to analyse.
var ErrNone = rows.ErrNone

// NoCompileBlock is why a run file without evidence is label-only.
const NoCompileBlock = rows.NoCompileBlock

// ParseFilter reads "column=value" or "column!=value".
func ParseFilter(s string) (Filter, error) { return rows.ParseFilter(s) }

// NoColumn returns a ColumnError with a formatted sentence.
func NoColumn(format string, args ...any) error { return rows.NoColumn(format, args...) }

// Read reads path, a file or a folder, and hands each row to yield. The Row is
// valid until yield returns; its strings may be kept.
func Read(path string, o Options, yield func(*Row) error) (*Info, error) {
	info := &Info{Models: map[string]bool{}}
	fi, err := os.Stat(path)
	if err != nil {
		return info, err
	}
	if !fi.IsDir() {
		info.Files = 1
		return info, readFile(path, path, &o, info, yield)
	}
	runs, tables, exports, err := find(path)
	if err != nil {
		return info, err
	}
	if len(exports) > 0 {
		info.Notes = append(info.Notes, fmt.Sprintf("%s holds exports beside the whole sessions that they are copies of, which are read alone; left out: %s.", path, rows.List(exports)))
	}
	names := runs
	if len(runs) == 0 {
		names = tables
	} else if len(tables) > 0 {
		info.Notes = append(info.Notes, fmt.Sprintf("%s holds run files and %s: the run files were read, the table holds the same measurements without their order.", path, tables[0]))
	}
	for _, name := range names {
		info.Files++
		if err := readFile(filepath.Join(path, name), name, &o, info, yield); err != nil {
			return info, err
		}
	}
	if info.Files == 0 {
		return info, fmt.Errorf("%s: %w: the folder holds neither a session nor run_*.json files nor a metrics.csv; other files are given one by one", path, ErrNone)
	}
	return info, nil
}

// maxFiles bounds the files of a tree.
const maxFiles = 200_000

// find lists the run files and metrics.csv files below dir, in order, and the exports
// in which it does not look. Links are not followed, so nothing outside dir is read.
func find(dir string) (runs, tables, exports []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() && path != dir && isExport(path) {
			exports = append(exports, rel)
			return fs.SkipDir
		}
		if !d.Type().IsRegular() {
			return nil
		}
		name := d.Name()
		switch {
		case strings.HasPrefix(name, "run_") && strings.HasSuffix(name, ".json"):
			runs = append(runs, rel)
		case name == "metrics.csv":
			tables = append(tables, rel)
		}
		if len(runs)+len(tables) > maxFiles {
			return fmt.Errorf("%s holds more than %d result files", dir, maxFiles)
		}
		return nil
	})
	return runs, tables, exports, err
}

// exportName is what a session's folder calls a copy of it that was made while it ran.
var exportName = regexp.MustCompile(`^(.+)_e\d+$`)

// isExport tells whether a folder is a copy of a session that is whole beside it: it
// has the same requests.
func isExport(path string) bool {
	m := exportName.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return false
	}
	_, errCopy := os.Lstat(filepath.Join(path, "manifest.json"))
	_, errWhole := os.Lstat(filepath.Join(filepath.Dir(path), m[1], "samples.parquet"))
	return errCopy == nil && errWhole == nil
}

// readFile finds out the format of a file from its beginning and reads it.
func readFile(path, name string, o *Options, info *Info, yield func(*Row) error) error {
	text, err := rows.Open(path)
	if err != nil {
		return err
	}
	defer text.Close()
	in := rows.NewInput(path, name, o, info, text, yield)
	if err := read(in); err != nil {
		return err
	}
	in.Finish()
	return in.Empty()
}

func read(in *rows.Input) error {
	head := bytes.TrimLeft(in.Text.Head, " \t\r\n")
	if len(head) == 0 {
		return in.Errorf(0, "%w: the file is empty", ErrNone)
	}
	for _, f := range rows.Formats() {
		if f.Head != nil && f.Head(in.Text.Head) {
			in.Format, in.Info.Format = f, f.Name
			return f.Read(in)
		}
	}
	if r := refuse(in.Text.Head); r != "" {
		return in.Errorf(0, "%w: it is %s", ErrNone, r)
	}
	if head[0] == '{' || head[0] == '[' {
		return rows.ReadJSON(in)
	}
	return rows.ReadTable(in)
}
