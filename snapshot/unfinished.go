package snapshot

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tailscope/tailscope/stats"
)

// Unfinished says in a sentence what to make of a folder that is not finished:
// its session still runs, or its process died. It is "" for any other.
func (s *Session) Unfinished() string {
	if !s.Journal {
		return ""
	}
	if lives(filepath.Join(s.Dir, journalDir)) {
		return fmt.Sprintf("%s still runs: this is what it has so far.", s.Dir)
	}
	return fmt.Sprintf("The process of %s died: this is what its journal holds. 'tailscope recover %s' finishes the folder and counts what was lost.", s.Dir, s.Dir)
}

// lives says whether a process holds the lock of a journal. The lock is tried
// shared and given back at once, so that nobody is kept from it.
func lives(jdir string) bool {
	f, err := os.Open(filepath.Join(jdir, lockName))
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // nothing was written
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
}

// observed is what the files of a folder would say if its session ended now.
type observed struct {
	*collected
	m      Manifest
	clocks []float64 // of the SM, MHz
}

// observe computes from the journal what a finished folder holds in files.
func (s *Session) observe() (*observed, error) {
	o := &observed{m: *s.Manifest}
	o.m.Notes = nil
	var err error
	o.collected, err = collect(tapped{s.src, func(r *Record) {
		if c := r.Telemetry.SMClockMHz; r.Kind == KindTelemetry && r.Telemetry.Why == "" && c.Err == "" {
			o.clocks = append(o.clocks, c.Value)
		}
	}}, &o.m, nil)
	return o, err
}

// files are compiler_counters.json and summary.json of a mode.
func (o *observed) files(mode stats.Mode) (*CounterFile, *stats.SummaryFile) {
	return o.counterFile(mode, o.m.Settings.RecompileLimit), o.summary(mode)
}

// tapped shows each record to see before it is handed out.
type tapped struct {
	source
	see func(*Record)
}

func (t tapped) records(yield func(*Record) error) (Damage, error) {
	return t.source.records(func(r *Record) error {
		t.see(r)
		return yield(r)
	})
}
