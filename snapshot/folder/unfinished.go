package folder

import (
	"fmt"
	"slices"

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
	c, err := s.Observe()
	if err != nil {
		return nil, err
	}
	if c.Unfinished = s.Unfinished(); !s.Journal { // what is left out was noted when it was finished
		c.Manifest.Notes = nil
	}
	c.Manifest.Notes = append(slices.Clone(s.Manifest.Notes), c.Manifest.Notes...)
	return c, c.conclude(c.Manifest)
}

// Observe computes from the journal what a finished folder would hold if the session
// ended now.
func (s *Session) Observe() (*Collected, error) {
	m := *s.Manifest
	m.Notes = nil
	c, err := collect(s.src, &m, nil)
	if err != nil {
		return nil, err
	}
	c.Manifest = &m
	return c, nil
}

// Files are compiler_counters.json and summary.json of a mode.
func (c *Collected) Files(mode stats.Mode) (*CounterFile, *stats.SummaryFile) {
	return c.counterFile(mode, c.Manifest.Settings.RecompileLimit), c.summary(mode)
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
