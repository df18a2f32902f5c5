package folder

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/journal"
)

// Session is a recorded session opened for reading: a finished, exported or
// recovered folder, or the journal of one that runs or died.
type Session struct {
	Dir      string
	Manifest *Manifest
	// Journal is true where the rows come from a journal: the session still
	// runs, or its process died.
	Journal bool
	at      *door.Dir // nil: an imported result
	src     journal.Source
}

// Open opens a session folder. The error is fs.ErrNotExist or ENOTDIR
// where dir is none.
func Open(dir string) (*Session, error) {
	at, err := door.Open(dir)
	if err != nil {
		return nil, err
	}
	m, err := readManifest(at)
	if err != nil {
		at.Close()
		return nil, err
	}
	s := &Session{Dir: dir, Manifest: m, at: at}
	if at.Has(SamplesName) && m.State != StateRunning {
		s.src = &folderSource{dir: at, m: m}
		return s, nil
	}
	jdir, err := at.Sub(journalDir)
	if err == nil {
		s.Journal = true
		s.src, err = journal.Open(jdir)
	}
	if err != nil {
		at.Close()
		return nil, fmt.Errorf("%s is no complete session folder: neither %s nor a journal can be read", dir, SamplesName)
	}
	return s, s.learn()
}

// NewSession is a session made of something else than a folder.
func NewSession(path string, m *Manifest, src journal.Source) *Session {
	return &Session{Dir: path, Manifest: m, src: src}
}

// learn takes from a journal what the manifest of an unfinished session does
// not say yet: the engine and its model.
func (s *Session) learn() error {
	_, err := s.src.Records(func(r *journal.Record) error {
		if r.Kind != journal.KindLoaded {
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
func (s *Session) Records(yield func(*journal.Record) error) (journal.Damage, error) {
	return s.src.Records(yield)
}

// Config returns the effective configuration as YAML.
func (s *Session) Config() ([]byte, error) {
	if s.at == nil {
		return nil, fs.ErrNotExist
	}
	return s.at.ReadSmall(ConfigName)
}
