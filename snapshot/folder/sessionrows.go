package folder

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// Rows hands out the samples of a session as rows: the lane is the label.
func (s *Session) Rows(o foreign.Options, yield func(*foreign.Row) error) (*foreign.Info, error) {
	info := &foreign.Info{Format: "session", Files: 1}
	name := filepath.Base(filepath.Clean(s.Dir))
	get := s.column
	if o.By != "" {
		if _, err := get(&stats.Sample{}, o.By); err != nil {
			return info, err
		}
	}
	for _, f := range o.Where {
		if _, err := get(&stats.Sample{}, f.Column); err != nil {
			return info, err
		}
	}
	var row foreign.Row
	runs := runNames{}
	seen := proof{aaFirst: s.Manifest.Settings.AA}
	damage, err := s.Records(func(r *journal.Record) error {
		seen.take(r)
		if r.Kind != journal.KindSample {
			return nil
		}
		info.Rows++
		if !o.Keep(func(c string) string { v, _ := get(&r.Sample, c); return v }) {
			info.Filtered++
			return nil
		}
		sampleRowOf(&row, &r.Sample, s.Manifest, runs)
		row.File = name
		if o.By != "" {
			row.By, _ = get(&r.Sample, o.By) // the column was checked above
		}
		return yield(&row)
	})
	if damage.Samples > 0 || damage.Frames > 0 || damage.Torn {
		info.Notes = append(info.Notes, fmt.Sprintf("%s: %d bytes of the journal cannot be read, with %s.", s.Dir, damage.Bytes, stats.Counted(damage.Samples, "sample")))
	}
	if text := s.Unfinished(); text != "" {
		info.Notes = append(info.Notes, text)
		info.Compiles = compiles(seen.evidenceFile())
		return info, err
	}
	if ev, err := s.evidence(); err == nil {
		info.Compiles = compiles(ev)
	}
	return info, err
}

// runNames are the names of runs by generation and segment.
type runNames map[[2]int32]string

// sampleRowOf fills row from a sample. runs keeps the names of runs.
func sampleRowOf(row *foreign.Row, s *stats.Sample, m *Manifest, runs runNames) {
	k := [2]int32{s.Generation, s.Segment}
	name, ok := runs[k]
	if !ok {
		name = fmt.Sprintf("generation %d, segment %d", s.Generation, s.Segment)
		runs[k] = name
	}
	*row = foreign.Row{Label: s.Lane.String(), Mode: s.Mode.String(), Scenario: s.Scenario, Model: m.Model.Name, Run: name, HasRun: true,
		Quantization: dtype(m), File: row.File, Index: int64(s.Seq), Ns: s.WallNs, OK: !s.Failed, Warmup: s.Warmup}
}

// column is what a sample has in a column that filters and breakdowns of a
// session can name.
func (s *Session) column(x *stats.Sample, name string) (string, error) {
	switch name {
	case "model":
		return s.Manifest.Model.Name, nil
	case "quantization":
		return dtype(s.Manifest), nil
	case "label":
		name = "lane"
	case "cause":
		if s.Journal {
			return "", foreign.NoColumn("%s is not finished, and causes are given at the end: 'tailscope report %s' shows those so far", s.Dir, s.Dir)
		}
	}
	switch c := stats.ColumnOf(name); {
	case c == nil:
		return "", foreign.NoColumn("a session has no column %q; columns are model, quantization, %s", name, strings.Join(columnNames(), ", "))
	case c.Type == stats.Text:
		return c.Text(x), nil
	case c.Type == stats.Bool:
		return strconv.FormatBool(c.Get(x) != 0), nil
	default:
		return strconv.FormatInt(c.Get(x), 10), nil
	}
}

func columnNames() (out []string) {
	for _, c := range stats.Columns {
		out = append(out, c.Name)
	}
	return out
}

// compiles says by mode whether the evidence calls the optimized lane
// compiler-real.
func compiles(ev *EvidenceFile) []foreign.RunCompile {
	var out []foreign.RunCompile
	for _, mode := range slices.Sorted(maps.Keys(ev.Modes)) {
		j := ev.Modes[mode]
		real := "label-only"
		if j.CompilerReal == "yes" {
			real = "compiler-real"
		}
		out = append(out, foreign.RunCompile{File: EvidenceName, Label: stats.Optimized.String(), Mode: mode, Real: real, Why: j.Why})
	}
	return out
}
