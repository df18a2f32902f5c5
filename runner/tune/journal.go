package tune

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tailscope/tailscope/stats/race"
)

// entry is a line of race.jsonl. Names stands in the first of a race.
type entry struct {
	Race  string     `json:"race"`
	Names []string   `json:"candidates,omitempty"`
	Block []race.Obs `json:"block,omitempty"`
	Ahead bool       `json:"ahead,omitempty"` // the block made executables before the race
	Drop  *int       `json:"drop,omitempty"`
	Dear  bool       `json:"dear,omitempty"` // dropped for want of time: who has more tries again
	Why   string     `json:"why,omitempty"`
}

const journalFile = "race.jsonl"

// journal is every block of every race, in order: what a tune goes on from.
type journal struct {
	f    *os.File
	past map[string][]entry // what was there, by race
}

// openJournal opens the journal of a folder, with what it holds already.
func openJournal(dir string) (*journal, error) {
	path := filepath.Join(dir, journalFile)
	j := &journal{past: map[string][]entry{}}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	whole := 0
	lines := bufio.NewScanner(bytes.NewReader(old))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			break // cut off while it was written
		}
		whole += len(lines.Bytes()) + 1
		j.past[e.Race] = append(j.past[e.Race], e)
	}
	if j.f, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		return nil, err
	}
	if err := j.f.Truncate(int64(min(whole, len(old)))); err != nil {
		return nil, err
	}
	_, err = j.f.Seek(0, 2)
	return j, err
}

func (j *journal) add(e entry) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := j.f.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", journalFile, err)
	}
	return nil
}

// replay tells a race what it was told before.
func (j *journal) replay(name string, names []string, r *race.Race) error {
	past := j.past[name]
	if len(past) == 0 {
		return j.add(entry{Race: name, Names: names})
	}
	if !slices.Equal(past[0].Names, names) {
		return fmt.Errorf("the race of %s was between %q, now it would be between %q: give the flags that it began with", name, past[0].Names, names)
	}
	for _, e := range past[1:] {
		switch {
		case e.Dear:
		case e.Drop != nil && *e.Drop >= 0 && *e.Drop < len(names):
			r.Drop(*e.Drop, e.Why)
		case !slices.ContainsFunc(e.Block, func(o race.Obs) bool { return o.Candidate < 0 || o.Candidate >= len(names) }):
			if !e.Ahead {
				r.Ask() // the order was drawn then, too
			}
			r.Tell(e.Block)
		default:
			return fmt.Errorf("%s: a candidate that is none", journalFile)
		}
	}
	return nil
}
