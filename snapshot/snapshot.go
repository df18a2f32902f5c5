package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tailscope/tailscope/snapshot/compare"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/report"
)

// Create starts a session in dir; its folder will have a report.
func Create(dir string, m folder.Manifest, configYAML []byte) (*folder.Writer, error) {
	return folder.Create(dir, m, configYAML, folder.Options{Pages: report.Write})
}

// Recover finishes the folder of a session whose process died, with a report;
// with out it writes all of it there instead.
func Recover(dir, out string) (*folder.Manifest, error) {
	return folder.Recover(dir, out, report.Write)
}

// Open opens the session folder dir, or an imported result: a metrics.csv, a
// tree of run files or a file of another tool.
func Open(dir string) (*folder.Session, error) {
	s, err := folder.Open(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return openForeign(dir)
	}
	return s, err
}

// Report writes report.md and report.html of a session into its folder, from
// the recorded samples. It works on finished folders and on journals.
func Report(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	if s.Manifest.State == folder.StateImported {
		return fmt.Errorf("%s is no session folder; 'tailscope analyze %s --out DIR' writes a report of it", dir, dir)
	}
	c, err := s.Collect()
	if err != nil {
		return err
	}
	at, err := door.Open(dir)
	if err != nil {
		return err
	}
	defer at.Close()
	return report.Write(at, c)
}

// ReportSeveral writes sessions.md and sessions.html of session folders into the
// folder out: all of them on one page, each compared with the first.
func ReportSeveral(dirs []string, out string) error {
	var list []report.Named
	var changes []*compare.Comparison
	names := named(dirs)
	for i, dir := range dirs {
		s, err := folder.Open(dir)
		if err != nil {
			return err
		}
		c, err := s.Collect()
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		list = append(list, report.Named{Name: names[i], C: c})
		if i > 0 {
			x, err := compare.Results(dirs[:1], dirs[i:i+1], nil, foreign.Options{})
			if err != nil { // both can be read
				x = &compare.Comparison{Notes: []string{"Nothing is compared: " + err.Error() + "."}}
			}
			changes = append(changes, x)
		}
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	at, err := door.Open(out)
	if err != nil {
		return err
	}
	defer at.Close()
	return report.WriteSeveral(at, list, changes)
}

// named calls folders by their last elements, and those that share one by their paths.
func named(dirs []string) []string {
	count := map[string]int{}
	out := make([]string, len(dirs))
	for i, dir := range dirs {
		if abs, err := filepath.Abs(dir); err == nil {
			out[i] = filepath.Base(abs)
		}
		count[out[i]]++
	}
	for i, dir := range dirs {
		if count[out[i]] > 1 {
			out[i] = filepath.Clean(dir)
		}
	}
	return out
}
