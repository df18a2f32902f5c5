package folder

import (
	"fmt"

	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// Unfinished says in a sentence what to make of a folder that is not finished:
// its session still runs, or its process died. It is "" for any other.
func (s *Session) Unfinished() string {
	if !s.Journal {
		return ""
	}
	if s.Lives() {
		return fmt.Sprintf("%s still runs: this is what it has so far.", s.Dir)
	}
	return fmt.Sprintf("The process of %s died: this is what its journal holds. 'tailscope recover %s' finishes the folder and counts what was lost.", s.Dir, s.Dir)
}

// Lives says whether the session is still being written.
func (s *Session) Lives() bool {
	dir, err := s.at.Sub(journalDir)
	if err != nil {
		return false
	}
	defer dir.Close()
	return journal.Lives(dir)
}

// Collect computes anew what a report tells of the session.
func (s *Session) Collect() (*Collected, error) {
	m := *s.Manifest
	m.Notes = nil
	c, err := collect(s.src, &m, nil)
	if err != nil {
		return nil, err
	}
	m.Notes, c.Unfinished = s.Manifest.Notes, s.Unfinished()
	return c, c.conclude(&m)
}

// Observed is what the files of a folder would say if its session ended now.
type Observed struct {
	*Collected
	Manifest Manifest
	SMClocks []float64 // of the SM, MHz
}

// Observe computes from the journal what a finished folder holds in files.
func (s *Session) Observe() (*Observed, error) {
	o := &Observed{Manifest: *s.Manifest}
	o.Manifest.Notes = nil
	var err error
	o.Collected, err = collect(tapped{s.src, func(r *journal.Record) {
		if c := r.Telemetry.SMClockMHz; r.Kind == journal.KindTelemetry && r.Telemetry.Why == "" && c.Err == "" {
			o.SMClocks = append(o.SMClocks, c.Value)
		}
	}}, &o.Manifest, nil)
	return o, err
}

// Files are compiler_counters.json and summary.json of a mode.
func (o *Observed) Files(mode stats.Mode) (*CounterFile, *stats.SummaryFile) {
	return o.counterFile(mode, o.Manifest.Settings.RecompileLimit), o.summary(mode)
}

// tapped shows each record to see before it is handed out.
type tapped struct {
	journal.Source
	see func(*journal.Record)
}

func (t tapped) Records(yield func(*journal.Record) error) (journal.Damage, error) {
	return t.Source.Records(func(r *journal.Record) error {
		t.see(r)
		return yield(r)
	})
}

// ModeFiles reads compiler_counters.json and summary.json of a mode.
func (s *Session) ModeFiles(mode string) (*CounterFile, *stats.SummaryFile, error) {
	var c CounterFile
	var sum stats.SummaryFile
	if err := s.at.ReadJSON(mode+"/compiler_counters.json", &c); err != nil {
		return nil, nil, err
	}
	return &c, &sum, s.at.ReadJSON(mode+"/analysis/summary.json", &sum)
}
