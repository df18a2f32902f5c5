package snapshot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

// maxReasons bounds the distinct reasons of failures that are kept.
const maxReasons = 64

// failures counts the failed requests by the engine's reason.
type failures map[string]uint64

// add takes in an event; one that is no request's failure is ignored.
func (f *failures) add(e *stats.Event) {
	if e.Kind != stats.KindError || e.Request == nil {
		return
	}
	if *f == nil {
		*f = failures{}
	}
	reason := strings.Join(strings.Fields(e.Reason), " ")
	if _, ok := (*f)[reason]; !ok && len(*f) == maxReasons {
		reason = "other reasons"
	}
	(*f)[reason]++
}

// table lists the reasons, the most frequent first.
func (f failures) table() table {
	t := table{head: []string{"reason", "requests"}}
	for reason, n := range f {
		if r := []rune(reason); len(r) > 300 {
			reason = string(r[:300]) + " …"
		}
		t.rows = append(t.rows, []string{reason, strconv.FormatUint(n, 10)})
	}
	slices.SortFunc(t.rows, func(a, b []string) int {
		return cmp.Or(cmp.Compare(len(b[1]), len(a[1])), cmp.Compare(b[1], a[1]), cmp.Compare(a[0], b[0]))
	})
	return t
}

// NothingSucceeded says in a sentence for which modes and lanes of a finished
// folder every request failed, and why the first did; "" if none.
func NothingSucceeded(dir string) (string, error) {
	m, err := ReadManifest(dir)
	if err != nil || m.Counts.Errors == 0 {
		return "", err
	}
	l, err := textio.OpenLines(filepath.Join(dir, EventsName))
	if err != nil {
		return "", err
	}
	defer l.Close()
	type failed struct {
		mode, lane, first string
		n                 int
	}
	var all []*failed
	for {
		line, err := l.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		var e stats.Event
		if !bytes.Contains(line, []byte(`"error"`)) || json.Unmarshal(line, &e) != nil || e.Kind != stats.KindError || e.Request == nil {
			continue
		}
		i := slices.IndexFunc(all, func(f *failed) bool { return f.mode == e.Mode && f.lane == e.Lane })
		if i < 0 {
			i, all = len(all), append(all, &failed{mode: e.Mode, lane: e.Lane, first: strings.Join(strings.Fields(e.Reason), " ")})
		}
		all[i].n++
	}
	var out []string
	for _, f := range all {
		var s stats.SummaryFile
		if readJSONFile(filepath.Join(dir, f.mode, "analysis", "summary.json"), &s) != nil {
			continue
		}
		if slices.ContainsFunc(s.Groups, func(g stats.GroupSummary) bool { return g.Lane == f.lane && g.N > 0 }) {
			continue
		}
		if ok, err := warmedUp(dir, f.mode, f.lane); err != nil {
			return "", err
		} else if !ok {
			out = append(out, fmt.Sprintf("%s: no %s request succeeded, %d failed, the first with: %s", f.mode, f.lane, f.n, f.first))
		}
	}
	return strings.Join(out, "; "), nil
}

// warmedUp says whether any request of a mode and lane succeeded, warm-ups too.
func warmedUp(dir, mode, lane string) (bool, error) {
	s, err := Open(dir)
	if err != nil {
		return false, err
	}
	_, err = s.Records(func(r *Record) error {
		if x := &r.Sample; r.Kind == KindSample && !x.Failed && x.Mode.String() == mode && x.Lane.String() == lane {
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
