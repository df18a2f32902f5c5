package foreign

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

// maxFiles bounds the files of a tree.
const maxFiles = 200_000

// tree is what lies below a folder, in order, relative to it.
type tree struct {
	runs, tables []string
	same         []string // tables of what run files below them say, too
	exports      []string // copies of sessions that are whole beside them
	unfinished   []string // sessions that have a journal only
}

// find looks below dir for run files and tables called metrics.csv. Links are not
// followed, so nothing outside dir is read.
func find(dir string) (t tree, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := d.Name()
		switch {
		case d.IsDir() && path != dir && isExport(path):
			t.exports = append(t.exports, rel)
			return fs.SkipDir
		case d.IsDir() && name == "journal" && has(filepath.Dir(path), "manifest.json") && !has(filepath.Dir(path), "samples.parquet"):
			t.unfinished = append(t.unfinished, filepath.Dir(rel))
			return fs.SkipDir
		case !d.Type().IsRegular():
		case strings.HasPrefix(name, "run_") && strings.HasSuffix(name, ".json"):
			t.runs = append(t.runs, rel)
		case name == "metrics.csv":
			t.tables = append(t.tables, rel)
		}
		if len(t.runs)+len(t.tables) > maxFiles {
			return fmt.Errorf("%s holds more than %d result files", dir, maxFiles)
		}
		return nil
	})
	t.dropSame()
	return t, err
}

// dropSame leaves out the tables above run files.
func (t *tree) dropSame() {
	above := map[string]bool{}
	for _, run := range t.runs {
		for dir := filepath.Dir(run); !above[dir]; dir = filepath.Dir(dir) { // "." is above itself
			above[dir] = true
		}
	}
	t.tables = slices.DeleteFunc(t.tables, func(table string) bool {
		same := above[filepath.Dir(table)]
		if same {
			t.same = append(t.same, table)
		}
		return same
	})
}

// notes say what was left out.
func (t *tree) notes(path string) (out []string) {
	if len(t.exports) > 0 {
		out = append(out, fmt.Sprintf("%s holds exports beside the whole sessions that they are copies of, which are read alone; left out: %s.", path, rows.List(t.exports)))
	}
	if len(t.unfinished) > 0 {
		out = append(out, fmt.Sprintf("%s holds sessions that still run, or died, which are left out: %s. 'tailscope recover' finishes one that died.", path, rows.List(t.unfinished)))
	}
	if len(t.same) > 0 {
		out = append(out, fmt.Sprintf("%s holds run files, which were read, and tables above them, taken for the same measurements without their order; left out: %s.", path, rows.List(t.same)))
	}
	return out
}

// exportName is what a session's folder calls a copy of it that was made while it ran.
var exportName = regexp.MustCompile(`^(.+)_e\d+$`)

// isExport tells whether a folder is a copy of a session that is whole beside it: it
// has the same requests.
func isExport(path string) bool {
	m := exportName.FindStringSubmatch(filepath.Base(path))
	return m != nil && has(path, "manifest.json") && has(filepath.Join(filepath.Dir(path), m[1]), "samples.parquet")
}

func has(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}
