package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// ErrNothingToRecover says that a folder has no journal: it is finished.
var ErrNothingToRecover = errors.New("the folder is finished: it has no journal")

// Recover finishes the folder of a session whose process died: it writes all
// files from the journal, notes in the manifest what was lost, and removes the
// journal. With out it writes them there instead, an empty or new folder, and
// leaves dir as it is. It refuses the folder of a process that lives
// (ErrRunning).
func Recover(dir, out string, pages Pages) (*Manifest, error) {
	at, err := door.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("%s is no session folder: %w", dir, err)
	}
	defer at.Close()
	jdir, err := at.Sub(journalDir)
	if errors.Is(err, fs.ErrNotExist) {
		m, merr := readManifest(at)
		if merr != nil {
			return nil, fmt.Errorf("%s is no session folder: %w", dir, merr)
		}
		if m.State == StateRunning {
			return nil, fmt.Errorf("%s: its session did not finish it, and its journal is gone: there is nothing to recover it from", dir)
		}
		return nil, fmt.Errorf("%s: %w", dir, ErrNothingToRecover)
	}
	if err != nil {
		return nil, err
	}
	defer jdir.Close()
	release, err := journal.Lock(jdir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	defer release()
	src, err := journal.Open(jdir)
	if err != nil {
		return nil, fmt.Errorf("%s has no journal that could be recovered: %w", dir, err)
	}
	defer src.Close()
	last, err := src.Written()
	if err != nil {
		return nil, err
	}
	m, err := readManifest(at)
	if err != nil {
		if m, err = manifestFor(dir, last); err != nil {
			return nil, err
		}
	}
	config, err := at.ReadSmall(ConfigName)
	if err != nil {
		config = []byte("# the configuration was lost\n")
	}
	into := at
	if out != "" {
		if into, err = emptyFolder(out); err != nil {
			return nil, err
		}
		defer into.Close()
	}
	if err := room(into, src); err != nil {
		return nil, err
	}
	m.State = StateRecovered
	if n, ok := journal.Accepted(jdir); ok {
		m.accepted = &n
	}
	if m.End == nil {
		m.End = &last
	}
	if err := writeFolder(into, src, m, config, pages); err != nil {
		return nil, fmt.Errorf("recover %s: %w", dir, err)
	}
	if m, err = readManifest(into); err != nil || out != "" {
		return m, err
	}
	return m, at.RemoveAll(journalDir)
}

// emptyFolder opens the folder out, which it makes where it is not there.
func emptyFolder(out string) (*door.Dir, error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, cannotWrite(out, err)
	}
	into, err := door.Open(out)
	if err != nil {
		return nil, err
	}
	list, err := into.List()
	if err == nil && len(list) > 0 {
		err = fmt.Errorf("%s is not empty; give a new folder", out)
	}
	if err != nil {
		into.Close()
		return nil, err
	}
	return into, nil
}

// manifestFor stands in for a manifest that cannot be read.
func manifestFor(dir string, last time.Time) (*Manifest, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	m := &Manifest{Schema: journal.Schema, RunID: filepath.Base(abs), Start: last, Program: program(), Host: HostInfo(),
		Notes: []string{"The manifest of the session was lost; this one was made when it was recovered."}}
	return m, nil
}

// lost fills what a recovered folder lacks: samples that were accepted (the
// counter beside the journal outlives the process) but are not on disk, and
// gaps in the numbering of those that are.
func (m *Manifest) lost(c *Collected) {
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
	l.Samples = max(l.Samples, c.damage.Samples)
	switch {
	case l.Samples == 0 && c.damage.Frames > 0:
		l.Sentence = fmt.Sprintf("All %s are here as far as is known, but %s of the journal could not be read: events and readings may be missing.",
			stats.Counted(l.Recovered, "sample"), stats.Counted(uint64(c.damage.Frames), "piece"))
	case l.Known && l.Samples == 0:
		l.Sentence = fmt.Sprintf("Nothing was lost: all %s the session had taken in are here.", stats.Counted(l.Recovered, "sample"))
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
