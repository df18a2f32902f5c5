package foreign

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

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
	t, err := find(path)
	if err != nil {
		return info, err
	}
	info.Notes = t.notes(path)
	for _, name := range slices.Concat(t.runs, t.tables) {
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
