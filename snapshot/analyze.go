package snapshot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tailscope/snapshot/labels"
	"tailscope/snapshot/results"
	"tailscope/stats"
)

// Analyze reads paths, session folders and results of other tools alike, and
// computes the label tables over all of them. Files of any size stream.
func Analyze(paths []string, o results.Options, lo labels.Options) (*labels.Report, error) {
	a := labels.New(lo)
	var infos []*results.Info
	for _, p := range paths {
		info, err := readRows(p, o, a.Add)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	rep, err := a.Finish()
	for _, info := range infos {
		rep.Notes = append(rep.Notes, info.Notes...)
		rep.Compiles = append(rep.Compiles, info.Compiles...)
		rep.Reported = append(rep.Reported, info.Reported...)
		if info.Filtered > 0 {
			rep.Notes = append(rep.Notes, fmt.Sprintf("%d of %d rows were left out by filters.", info.Filtered, info.Rows))
		}
	}
	if errors.Is(err, labels.ErrEmpty) && len(rep.Reported) > 0 {
		err = nil
	}
	return rep, err
}

// readRows reads one path.
func readRows(path string, o results.Options, yield func(*results.Row) error) (*results.Info, error) {
	if _, err := os.Stat(filepath.Join(path, ManifestName)); err != nil {
		return results.Read(path, o, yield)
	}
	s, err := Open(path)
	if err != nil {
		return nil, err
	}
	return s.rows(o, yield)
}

// rows hands out the samples of a session as rows: the lane is the label.
func (s *Session) rows(o results.Options, yield func(*results.Row) error) (*results.Info, error) {
	info := &results.Info{Format: "session", Files: 1}
	name := filepath.Base(filepath.Clean(s.Dir))
	get := sampleColumn(s.Manifest)
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
	var row results.Row
	runs := runNames{}
	damage, err := s.Records(func(r *Record) error {
		if r.Kind != KindSample {
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
		info.Notes = append(info.Notes, fmt.Sprintf("%s: %d bytes of the journal cannot be read, with %s.", s.Dir, damage.Bytes, plural(damage.Samples, "sample")))
	}
	info.Compiles = s.compiles()
	return info, err
}

// runNames are the names of runs by generation and segment.
type runNames map[[2]int32]string

// sampleRowOf fills row from a sample. runs keeps the names of runs.
func sampleRowOf(row *results.Row, s *stats.Sample, m *Manifest, runs runNames) {
	k := [2]int32{s.Generation, s.Segment}
	name, ok := runs[k]
	if !ok {
		name = fmt.Sprintf("generation %d, segment %d", s.Generation, s.Segment)
		runs[k] = name
	}
	*row = results.Row{Label: s.Lane.String(), Mode: s.Mode.String(), Scenario: s.Scenario, Model: m.Model.Name, Run: name, HasRun: true,
		Quantization: dtype(m), File: row.File, Index: int64(s.Seq), Ns: s.WallNs, OK: !s.Failed, Warmup: s.Warmup}
}

// sampleColumn returns a getter of the columns that filters and breakdowns of
// a session can name.
func sampleColumn(m *Manifest) func(*stats.Sample, string) (string, error) {
	return func(s *stats.Sample, column string) (string, error) {
		switch column {
		case "lane", "label":
			return s.Lane.String(), nil
		case "mode":
			return s.Mode.String(), nil
		case "scenario":
			return s.Scenario, nil
		case "backend":
			return s.Backend, nil
		case "strategy":
			return s.Strategy, nil
		case "shape":
			return s.Shape, nil
		case "cause":
			return s.Cause.String(), nil
		case "status":
			return status(s), nil
		case "segment":
			return fmt.Sprint(s.Segment), nil
		case "generation":
			return fmt.Sprint(s.Generation), nil
		case "tokens":
			return fmt.Sprint(s.Tokens), nil
		case "prompt":
			return fmt.Sprint(s.Prompt), nil
		case "model":
			return m.Model.Name, nil
		case "quantization":
			return dtype(m), nil
		}
		return "", results.NoColumn("a session has no column %q; columns are lane, mode, scenario, backend, strategy, shape, cause, status, segment, generation, tokens, prompt, model, quantization", column)
	}
}

// compiles judges the optimized lane from the folder's evidence.
func (s *Session) compiles() []results.RunCompile {
	var ev EvidenceFile
	if readJSONFile(filepath.Join(s.Dir, EvidenceName), &ev) != nil {
		return nil
	}
	var out []results.RunCompile
	for mode, j := range ev.Modes {
		real := "label-only"
		if j.CompilerReal == "yes" {
			real = "compiler-real"
		}
		out = append(out, results.RunCompile{File: EvidenceName, Label: stats.Optimized.String(), Mode: mode, Real: real, Why: j.Why})
	}
	return out
}
