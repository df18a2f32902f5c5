package compare

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/labels"
)

// session is one result of a comparison.
type session struct {
	path   string
	s      *folder.Session // nil: a result of another tool
	rep    *labels.Report
	m      *folder.Manifest  // nil: no session folder
	now    *folder.Collected // of a session that is not finished, else nil
	clocks []float64         // readings of the SM clock, MHz
	q      quantities
}

func (c *Comparison) openAll(name string, paths []string, o foreign.Options) ([]*session, error) {
	var out []*session
	for _, p := range paths {
		for _, path := range sessionsIn(p) {
			x, err := c.open(name, path, o)
			if errors.Is(err, labels.ErrEmpty) {
				err = fmt.Errorf("%s: %w", path, err)
			}
			if err != nil {
				return nil, err
			}
			if x.q, err = x.quantities(o); err != nil {
				return nil, err
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// sessionsIn are the sessions in a folder that is none itself, exports left
// out; else path.
func sessionsIn(path string) (out []string) {
	if _, err := os.Stat(filepath.Join(path, folder.ManifestName)); err == nil {
		return []string{path}
	}
	found, err := filepath.Glob(filepath.Join(sys.EscapeGlob(filepath.Clean(path)), "*", folder.ManifestName))
	if err != nil {
		return []string{path}
	}
	for _, f := range found {
		if m, err := folder.ReadManifest(filepath.Dir(f)); err == nil && m.State != folder.StateExported {
			out = append(out, filepath.Dir(f))
		}
	}
	if len(out) == 0 {
		return []string{path}
	}
	return out
}

// open reads one result.
func (c *Comparison) open(name, path string, o foreign.Options) (*session, error) {
	s, err := openFolder(path)
	if err != nil {
		return nil, err
	}
	x := &session{path: path, s: s}
	if x.rep, err = analyze([]string{path}, func(string) (*folder.Session, error) { return s, nil }, o, labels.Options{Source: path}); err != nil || s == nil {
		return x, err
	}
	x.m = s.Manifest
	if !s.Journal {
		x.clocks = s.SMClocks()
		return x, nil
	}
	c.Notes = append(c.Notes, name+": "+s.Unfinished())
	if x.now, err = s.Observe(); err != nil {
		return nil, err
	}
	x.m, x.clocks = x.now.Manifest, x.now.SMClocks
	if !s.Lives() {
		x.m.State = "died"
	}
	return x, nil
}
