package compare

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/labels"
)

// Analyze reads paths, session folders and results of other tools alike, and
// computes the label tables over all of them. Files of any size stream.
func Analyze(paths []string, o foreign.Options, lo labels.Options) (*labels.Report, error) {
	return analyze(paths, openFolder, o, lo)
}

// analyze is Analyze with a way to open session folders.
func analyze(paths []string, open func(string) (*folder.Session, error), o foreign.Options, lo labels.Options) (*labels.Report, error) {
	a := labels.New(lo)
	var infos []*foreign.Info
	for _, p := range paths {
		s, err := open(p)
		if err != nil {
			return nil, err
		}
		read := foreign.Read
		if s != nil {
			read = func(_ string, o foreign.Options, yield func(*foreign.Row) error) (*foreign.Info, error) {
				return s.Rows(o, yield)
			}
		}
		add := a.Add
		if len(paths) > 1 {
			o.Unnamed = p // what names nothing is told apart by its file
			add = placed(p, s != nil, a.Add)
		}
		info, err := read(p, o, add)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	rep, err := a.Finish()
	for _, info := range infos {
		rep.Notes = append(rep.Notes, info.Notes...)
		rep.Compiles = append(rep.Compiles, info.Compiles...)
		rep.Reported = append(rep.Reported, info.Reported...)
		if info.Filtered > 0 {
			rep.Notes = append(rep.Notes, fmt.Sprintf("%d of %d rows were left out by filters.", info.Filtered, info.Rows))
		}
	}
	if errors.Is(err, labels.ErrEmpty) {
		err = empty(infos, rep, err)
	}
	return rep, err
}

// placed calls the files of rows by path, too: names below one folder may stand below
// another, and runs of two files are not one run.
func placed(path string, session bool, add func(*foreign.Row) error) func(*foreign.Row) error {
	fi, err := os.Stat(path)
	if err != nil || !fi.IsDir() {
		return add // its name is the path
	}
	var name, file string
	return func(r *foreign.Row) error {
		if r.File != name {
			name, file = r.File, filepath.Join(path, r.File)
			if session {
				file = filepath.Clean(path)
			}
		}
		r.File = file
		return add(r)
	}
}

// empty says why no row is left; nil where statistics without measurements are
// there.
func empty(infos []*foreign.Info, rep *labels.Report, err error) error {
	if len(rep.Reported) > 0 {
		return nil
	}
	for _, info := range infos {
		if why := info.WhyEmpty(); why != "" {
			err = fmt.Errorf("%w: %s", err, why)
		}
		if info.Rows == 0 {
			err = fmt.Errorf("%w: %s holds no measurement. %s", err, info.Format, strings.Join(info.Notes, " "))
		}
		if info.Filtered > 0 && info.Filtered == info.Rows {
			err = fmt.Errorf("%w: the filters left out all %d rows", err, info.Rows)
		}
	}
	return err
}

// openFolder opens a session folder; nil is a result of another tool.
func openFolder(path string) (*folder.Session, error) {
	if _, err := os.Stat(filepath.Join(path, folder.ManifestName)); err != nil {
		return nil, nil
	}
	return folder.Open(path)
}
