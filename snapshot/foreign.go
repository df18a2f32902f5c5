package snapshot

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tailscope/snapshot/results"
	"tailscope/stats"
)

// foreignSource replays another tool's result as a session: rows become
// samples one after the other, as if each had begun when the one before ended.
type foreignSource struct {
	path  string
	lanes map[string]stats.Lane
	n     uint64
}

// maxForeignLabels bounds the labels looked at.
const maxForeignLabels = 1000

// errManyLabels ends the first reading early.
var errManyLabels = errors.New("too many labels")

// openForeign opens what other tools wrote. One label becomes the eager lane;
// of two, the one that says so in its name becomes the optimized lane.
func openForeign(path string) (*Session, error) {
	var labels []string
	src := &foreignSource{path: path, lanes: map[string]stats.Lane{}}
	modes := map[string]bool{}
	info, err := results.Read(path, results.Options{}, func(r *results.Row) error {
		src.n++
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
	case src.n == 0:
		return nil, fmt.Errorf("%s holds no measurement to show", path)
	case len(labels) > 2:
		return nil, fmt.Errorf("%s holds %d labels, a session shows two: 'tailscope analyze %s' compares them all", path, len(labels), path)
	case len(labels) == 2 && (says(labels[0]) || labels[1] == stats.Eager.String()):
		slices.Reverse(labels)
	}
	for i, l := range labels {
		src.lanes[l] = stats.Lane(i)
	}
	m := &Manifest{Schema: Schema, RunID: filepath.Base(path), State: StateImported, Start: time.Unix(0, 0).UTC(),
		Counts: Counts{Samples: src.n, ByMode: map[string]uint64{}, ByLane: map[string]uint64{}, Events: map[string]uint64{}},
		Notes: []string{fmt.Sprintf("Imported from a result of %s: labels %s. Times of day are not known, so each measurement follows the one before.",
			info.Format, strings.Join(labels, ", "))}}
	m.Engine.Name, m.Engine.Backends = info.Format, map[string]string{}
	for l, lane := range src.lanes {
		m.Engine.Backends[lane.String()] = l
	}
	for k := range info.Models {
		m.Model.Name = k
	}
	for k := range modes {
		m.Settings.Modes = append(m.Settings.Modes, k)
	}
	slices.Sort(m.Settings.Modes)
	return &Session{Dir: path, Manifest: m, src: src}, nil
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

func (s *foreignSource) count() (uint64, error) { return s.n, nil }

func (s *foreignSource) records(yield func(*Record) error) (Damage, error) {
	r := Record{Kind: KindSample}
	var seq uint64
	var now int64
	var requests [stats.NumLanes]uint64
	nth := map[[2]string]int32{}
	_, err := results.Read(s.path, results.Options{}, func(row *results.Row) error {
		lane := s.lanes[row.Label]
		run := [2]string{row.Label, row.File + "\x00" + row.Run + "\x00" + row.Scenario}
		// The index keeps the lanes' requests apart: they were no pairs.
		r.Sample = stats.Sample{Seq: seq, Request: requests[lane]*2 + uint64(lane), NthInRun: nth[run], Lane: lane, Mode: foreignMode(row.Mode),
			Warmup: row.Warmup, Failed: !row.OK, Scenario: row.Scenario, Backend: row.Label, Batch: 1, StartNs: now, WallNs: row.Ns,
			DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent, RunDelayNs: stats.Absent, MinFlt: stats.Absent,
			MajFlt: stats.Absent, NIvCSw: stats.Absent}
		seq++
		requests[lane]++
		if row.OK && !row.Warmup && len(nth) < 1<<16 {
			nth[run]++
		}
		now += row.Ns
		return yield(&r)
	})
	return Damage{}, err
}
