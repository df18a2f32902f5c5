package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// foreignSource replays a result as a session: another tool's rows become
// samples one after the other, as if each had begun when the one before ended.
// Rows of tailscope's own metrics.csv keep their instants, pairs and causes.
type foreignSource struct {
	path   string
	lanes  map[string]stats.Lane
	n      uint64
	native bool // every row is of a metrics.csv that tailscope wrote

	only  string // of several times a request (e2e, ttft, …) the one shown: the first
	other map[string]bool
}

// shows tells whether a row is of the time that is shown. A session has one
// time a request, and modes of its own.
func (s *foreignSource) shows(mode string) bool {
	if _, err := stats.ParseMode(mode); err == nil || mode == "" {
		return true
	}
	if s.only == "" {
		s.only = mode
	}
	if mode != s.only && len(s.other) < 100 {
		s.other[mode] = true
	}
	return mode == s.only
}

// maxForeignLabels bounds the labels looked at.
const maxForeignLabels = 1000

// errManyLabels ends the first reading early.
var errManyLabels = errors.New("too many labels")

// openForeign opens what other tools wrote. One label becomes the eager lane;
// of two, the one that says so in its name becomes the optimized lane.
func openForeign(path string) (*folder.Session, error) {
	var labels []string
	src := &foreignSource{path: path, lanes: map[string]stats.Lane{}, native: true, other: map[string]bool{}}
	modes := map[string]bool{}
	runID := ""
	info, err := foreign.Read(path, foreign.Options{Native: true}, func(r *foreign.Row) error {
		if !src.shows(r.Mode) {
			return nil
		}
		src.n++
		if src.native = src.native && r.Native != nil; src.native && runID == "" {
			runID, _, _ = strings.Cut(r.Run, "/")
		}
		if !slices.Contains(labels, r.Label) {
			labels = append(labels, r.Label)
		}
		if len(labels) > maxForeignLabels {
			return errManyLabels
		}
		modes[foreignMode(r.Mode).String()] = true
		return nil
	})
	if err != nil && !errors.Is(err, errManyLabels) {
		return nil, err
	}
	switch {
	case src.n == 0 && len(info.Reported) > 0:
		return nil, fmt.Errorf("%s holds statistics that a tool computed, no measurement to show: 'tailscope analyze %s' shows them", path, path)
	case src.n == 0:
		return nil, fmt.Errorf("%s holds no measurement to show", path)
	case src.native: // the lanes are named
	case len(labels) > 2:
		many := strconv.Itoa(len(labels))
		if errors.Is(err, errManyLabels) {
			many = fmt.Sprintf("more than %d", maxForeignLabels)
		}
		return nil, fmt.Errorf("%s holds %s labels, a session shows two: 'tailscope analyze %s' compares them all", path, many, path)
	case len(labels) == 2 && (says(labels[0]) || labels[1] == stats.Eager.String()):
		slices.Reverse(labels)
	}
	for i, l := range labels {
		src.lanes[l] = stats.Lane(i)
		if lane, err := stats.ParseLane(l); err == nil && src.native {
			src.lanes[l] = lane
		}
	}
	m := &folder.Manifest{Schema: journal.Schema, RunID: filepath.Base(path), State: folder.StateImported, Start: time.Unix(0, 0).UTC(),
		Counts: folder.Counts{Samples: src.n, ByMode: map[string]uint64{}, ByLane: map[string]uint64{}, Events: map[string]uint64{}},
		Notes: []string{fmt.Sprintf("Imported from a result of %s: labels %s. Times of day are not known, so each measurement follows the one before.",
			info.Format, strings.Join(labels, ", "))}}
	m.Engine.Name, m.Engine.Backends = info.Format, map[string]string{}
	for l, lane := range src.lanes {
		m.Engine.Backends[lane.String()] = l
	}
	if src.native {
		m.Engine.Name, m.Notes = "", []string{fmt.Sprintf("Imported from metrics.csv of session %s: times, pairs and causes are its own. Events and the evidence "+
			"of what ran are in the session's folder.", cmp.Or(runID, "unknown"))}
	}
	if len(src.other) > 0 {
		m.Notes = append(m.Notes, fmt.Sprintf("Shown is %s of each request; the file has %s too.", src.only, strings.Join(slices.Sorted(maps.Keys(src.other)), ", ")))
	}
	m.Notes = append(m.Notes, info.Notes...)
	m.Model.Name = modelOf(info)
	m.Settings.Modes = slices.Sorted(maps.Keys(modes))
	return folder.NewSession(path, m, src), nil
}

// modelOf names the model of a result, which is no single one where rows differ.
func modelOf(info *foreign.Info) string {
	names := slices.Collect(maps.Keys(info.Models))
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	return "several models"
}

// says reports whether a label claims to be the optimized one. It decides
// nothing but the side it is drawn on.
func says(label string) bool {
	l := strings.ToLower(label)
	return strings.Contains(l, "compile") || strings.Contains(l, "optimized") || strings.Contains(l, "inductor")
}

func foreignMode(s string) stats.Mode {
	if m, err := stats.ParseMode(s); err == nil {
		return m
	}
	return stats.Forward
}

func (s *foreignSource) Count() (uint64, error) { return s.n, nil }

func (s *foreignSource) Records(yield func(*journal.Record) error) (journal.Damage, error) {
	next := (&inTurn{lanes: s.lanes, nth: map[[2]string]int32{}}).sample
	if s.native {
		next = (&asTimed{made: map[string]bool{}}).sample
	}
	r := journal.Record{Kind: journal.KindSample}
	_, err := foreign.Read(s.path, foreign.Options{Native: s.native}, func(row *foreign.Row) error {
		if !s.shows(row.Mode) {
			return nil
		}
		next(&r.Sample, row)
		return yield(&r)
	})
	return journal.Damage{}, err
}

// inTurn makes samples of rows that have a latency and a label only.
type inTurn struct {
	lanes    map[string]stats.Lane
	seq      uint64
	now      int64
	requests [stats.NumLanes]uint64
	nth      map[[2]string]int32
}

func (t *inTurn) sample(s *stats.Sample, row *foreign.Row) {
	lane := t.lanes[row.Label]
	run := [2]string{row.Label, row.File + "\x00" + row.Run + "\x00" + row.Scenario}
	// The index keeps the lanes' requests apart: they were no pairs.
	*s = stats.Unknown()
	s.Seq, s.Request, s.NthInRun = t.seq, t.requests[lane]*2+uint64(lane), t.nth[run]
	s.Lane, s.Mode, s.Warmup, s.Failed = lane, foreignMode(row.Mode), row.Warmup, !row.OK
	s.Scenario, s.Backend, s.Batch, s.StartNs, s.WallNs = row.Scenario, row.Label, 1, t.now, row.Ns
	t.seq++
	t.requests[lane]++
	if row.OK && !row.Warmup && len(t.nth) < 1<<16 {
		t.nth[run]++
	}
	t.now += row.Ns
}

// asTimed makes samples of tailscope's own rows. Of several files each follows
// the one before, and its requests are others.
type asTimed struct {
	file    string
	shift   int64  // of the file's instants
	base    uint64 // of the file's requests
	end     int64
	request uint64          // first that is free
	made    map[string]bool // mode, strategy and worker that have their first executable
}

func (t *asTimed) sample(s *stats.Sample, row *foreign.Row) {
	*s = *row.Native
	if row.File != t.file {
		t.shift, t.base = 0, t.request
		if t.file != "" {
			t.shift = t.end - s.StartNs
		}
		t.file = row.File
	}
	s.StartNs += t.shift
	s.Request += t.base
	s.Shape = shapeOf(s)
	if s.Flags&stats.FlagRecompile != 0 {
		if k := fmt.Sprint(t.base, s.Generation, s.Mode, s.Strategy); !t.made[k] {
			t.made[k] = true
			s.Flags ^= stats.FlagRecompile | stats.FlagCompile
		}
	}
	t.end, t.request = max(t.end, s.StartNs+s.WallNs), max(t.request, s.Request+1)
}

// shapeOf names the shape by what metrics.csv says of it; "" if it says
// nothing.
func shapeOf(s *stats.Sample) string {
	rows := max(s.Batch, 1)
	switch {
	case s.ExecutedTokens <= 0:
		return ""
	case s.Mode == stats.Prefill:
		return fmt.Sprintf("%dx%d", rows, s.ExecutedTokens/rows)
	}
	return fmt.Sprintf("%dx%d@%d", rows, s.ExecutedTokens/rows, s.KVTokens)
}
