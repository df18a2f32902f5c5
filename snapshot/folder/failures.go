package folder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// maxReasons bounds the distinct reasons of failures that are kept; others are counted together.
const maxReasons = 64

// Failures counts the failed requests by the engine's reason.
type Failures map[string]uint64

// add takes in an event; one that is no request's failure is ignored.
func (f *Failures) add(e *stats.Event) {
	if e.Kind != stats.KindError || e.Request == nil {
		return
	}
	if *f == nil {
		*f = Failures{}
	}
	reason := strings.Join(strings.Fields(e.Reason), " ")
	if _, ok := (*f)[reason]; !ok && len(*f) >= maxReasons {
		reason = "other reasons"
	}
	(*f)[reason] += uint64(failuresOf(e))
}

// failuresOf is how many failures an event stands for: the first of a row has
// one of its own, those that said the same after it are counted in one more.
func failuresOf(e *stats.Event) int {
	switch n := e.Extra["repeats"].(type) {
	case int:
		return n
	case float64: // read from a file
		return int(n)
	}
	return 1
}

// Tolerable is the share of failed requests above which a run has failed.
const Tolerable = 0.01

// Failed says in a sentence for which modes and lanes of a finished folder
// every request failed, or more than a Tolerable share, and why the first did;
// "" if none.
func Failed(dir string) (string, error) {
	session, err := Open(dir)
	if err != nil || session.Manifest.Counts.Errors == 0 {
		return "", err
	}
	l, err := openLines(session.at, EventsName)
	if err != nil {
		return "", err
	}
	defer l.Close()
	type failed struct {
		mode, lane, first string
		n                 int
	}
	var all []*failed
	err = textio.Each(l.Next, func(line []byte) error {
		var e stats.Event
		if !bytes.Contains(line, []byte(`"error"`)) || json.Unmarshal(line, &e) != nil || e.Kind != stats.KindError || e.Request == nil {
			return nil
		}
		i := slices.IndexFunc(all, func(f *failed) bool { return f.mode == e.Mode && f.lane == e.Lane })
		if i < 0 {
			i, all = len(all), append(all, &failed{mode: e.Mode, lane: e.Lane, first: strings.Join(strings.Fields(e.Reason), " ")})
		}
		all[i].n += failuresOf(&e)
		return nil
	})
	if err != nil {
		return "", err
	}
	var out []string
	for _, f := range all {
		var s stats.SummaryFile
		if session.at.ReadJSON(f.mode+"/analysis/summary.json", &s) != nil {
			continue
		}
		var of stats.GroupSummary // all of them
		for g := range s.Over("*") {
			if g.Lane == f.lane {
				of = *g
			}
		}
		if of.N > 0 {
			if float64(of.Errors) > Tolerable*float64(of.N+of.Errors) {
				out = append(out, fmt.Sprintf("%s: %d of %d %s requests failed, the first with: %s", f.mode, of.Errors, of.N+of.Errors, f.lane, f.first))
			}
			continue
		}
		if ok, err := session.warmedUp(f.mode, f.lane); err != nil {
			return "", err
		} else if !ok {
			out = append(out, fmt.Sprintf("%s: no %s request succeeded, %d failed, the first with: %s", f.mode, f.lane, f.n, f.first))
		}
	}
	return strings.Join(out, "; "), nil
}

// warmedUp says whether any request of a mode and lane succeeded, warm-ups too.
func (s *Session) warmedUp(mode, lane string) (bool, error) {
	_, err := s.Records(func(r *journal.Record) error {
		if x := &r.Sample; r.Kind == journal.KindSample && !x.Failed && x.Mode.String() == mode && x.Lane.String() == lane {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}

// errFound ends a reading early.
var errFound = errors.New("found")
