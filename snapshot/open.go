package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Session is a recorded session opened for reading: a finished, exported or
// recovered folder, or the journal of one that runs or died.
type Session struct {
	Dir      string
	Manifest *Manifest
	// Journal is true where the rows come from a journal: the session still
	// runs, or its process died.
	Journal bool
	src     source
}

// Open opens the session folder dir, or an imported result: a metrics.csv, a
// tree of run files or a file of another tool (see Import).
func Open(dir string) (*Session, error) {
	m, err := ReadManifest(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return openForeign(dir)
	}
	if err != nil {
		return nil, err
	}
	s := &Session{Dir: dir, Manifest: m}
	if _, err := os.Stat(filepath.Join(dir, SamplesName)); err == nil && m.State != StateRunning {
		s.src = &folderSource{dir: dir, m: m}
		return s, nil
	}
	src, err := openJournal(filepath.Join(dir, journalDir))
	if err != nil {
		return nil, fmt.Errorf("%s is no complete session folder: neither %s nor a journal can be read", dir, SamplesName)
	}
	s.Journal, s.src = true, src
	return s, s.learn()
}

// learn takes from a journal what the manifest of an unfinished session does
// not say yet: the engine and its model.
func (s *Session) learn() error {
	_, err := s.src.records(func(r *Record) error {
		if r.Kind != KindLoaded {
			return nil
		}
		s.Manifest.loaded(&r.Loaded)
		return errLearned
	})
	if errors.Is(err, errLearned) {
		return nil
	}
	return err
}

// errLearned ends a reading early.
var errLearned = errors.New("the engine is known")

// Records hands every record of the session to yield, in the order in which
// the session took it in, with bounded memory. The Record is valid until yield
// returns. It may be called again.
func (s *Session) Records(yield func(*Record) error) (Damage, error) { return s.src.records(yield) }

// Config returns the effective configuration as YAML.
func (s *Session) Config() ([]byte, error) { return readSmall(filepath.Join(s.Dir, ConfigName)) }
