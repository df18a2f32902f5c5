package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrNothingToRecover says that a folder has no journal: it is finished.
var ErrNothingToRecover = errors.New("the folder is finished: it has no journal")

// ErrRunning says that a process still writes to a journal.
var ErrRunning = errors.New("a process still writes to this session; end it first")

// lock takes the lock of a journal, which its process holds until it ends.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// Recover finishes the folder of a session whose process died: it writes all
// files from the journal, notes in the manifest what was lost, and removes the
// journal. It refuses the folder of a process that lives (ErrRunning).
func Recover(dir string) (*Manifest, error) {
	jdir := filepath.Join(dir, journalDir)
	fi, err := os.Stat(jdir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, merr := ReadManifest(dir); merr != nil {
			return nil, fmt.Errorf("%s is no session folder: %w", dir, merr)
		}
		return nil, fmt.Errorf("%s: %w", dir, ErrNothingToRecover)
	}
	if err != nil {
		return nil, err
	}
	held, err := os.OpenFile(filepath.Join(jdir, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() { _ = held.Close() }() // nothing was written
	if err := lock(held); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, ErrRunning)
	}
	src, err := openJournal(jdir)
	if err != nil {
		return nil, fmt.Errorf("%s has no journal that could be recovered: %w", dir, err)
	}
	defer src.close()
	if src.tail != nil {
		if fi, err = src.tail.Stat(); err != nil {
			return nil, err
		}
	}
	m, err := ReadManifest(dir)
	if err != nil {
		if m, err = manifestFor(dir, fi); err != nil {
			return nil, err
		}
	}
	config, err := readSmall(filepath.Join(dir, ConfigName))
	if err != nil {
		config = []byte("# the configuration was lost\n")
	}
	m.State = StateRecovered
	if n, ok := readCounter(filepath.Join(jdir, counterName)); ok {
		m.accepted = &n
	}
	if m.End == nil {
		t := fi.ModTime()
		m.End = &t
	}
	if err := writeFolder(dir, src, *m, config); err != nil {
		return nil, fmt.Errorf("recover %s: %w", dir, err)
	}
	if m, err = ReadManifest(dir); err != nil {
		return nil, err
	}
	return m, os.RemoveAll(jdir)
}

// manifestFor stands in for a manifest that cannot be read.
func manifestFor(dir string, fi fs.FileInfo) (*Manifest, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	m := &Manifest{Schema: Schema, RunID: filepath.Base(abs), Start: fi.ModTime(), Program: program(), Host: HostInfo(),
		Notes: []string{"The manifest of the session was lost; this one was made when it was recovered."}}
	return m, nil
}

// lost fills what a recovered folder lacks: samples that were accepted (the
// counter beside the journal outlives the process) but are not on disk, and
// gaps in the numbering of those that are.
func (m *Manifest) lost(c *collected) {
	l := &Lost{Bytes: c.damage.Bytes, LastSeq: c.lastSeq, Recovered: m.Counts.Samples, Samples: c.gaps}
	if m.accepted != nil {
		l.Known = true
		l.Samples = 0
		if *m.accepted > l.Recovered {
			l.Samples = *m.accepted - l.Recovered
		}
	} else if c.damage.Torn {
		l.Samples += c.damage.Samples
	}
	switch {
	case l.Known && l.Samples == 0:
		l.Sentence = fmt.Sprintf("Nothing was lost: all %s the session had taken in are here.", plural(l.Recovered, "sample"))
	case l.Known:
		l.Sentence = fmt.Sprintf("%s lost of %d that the session had taken in; %d are here.", verb(l.Samples), *m.accepted, l.Recovered)
	default:
		l.Sentence = fmt.Sprintf("At least %s lost, %d are here; the count of samples taken in is gone, so what was still buffered is unknown.", verb(l.Samples), l.Recovered)
	}
	m.Lost = l
	if c.end != nil {
		m.end(c.end)
		return
	}
	m.Exit = Exit{Reason: "the process died; recovered at " + time.Now().UTC().Format(time.RFC3339)}
}

func verb(n uint64) string {
	if n == 1 {
		return "1 sample was"
	}
	return fmt.Sprintf("%d samples were", n)
}
