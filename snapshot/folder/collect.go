package folder

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/energy"
	"github.com/tailscope/tailscope/stats/exact"
)

// CSVRows is the number of rows a metrics.csv may have. Beyond it every k-th
// request is written, which the manifest notes; samples.parquet has them all.
const CSVRows = 2_000_000

// ExportRows is the same for an export made while the session runs, which has
// to be over quickly.
const ExportRows = 100_000

// Bounds of the exact analysis, which keeps what enters it in memory, some 200
// bytes a sample and 8 a decode step. Beyond them every k-th request enters.
// An export made while the session runs shares the machine with it.
const (
	analysisRows   = 4_000_000
	exportAnalysis = 2_000_000
)

var analysisSteps uint64 = 32_000_000 // a test has fewer

// maxSegments bounds the segments that statistics tell apart.
const maxSegments = 1000

// Collected is what the first pass over a session finds out.
type Collected struct {
	proof
	story
	Analysis     *exact.Analysis
	hists        hists
	damage       journal.Damage
	end          *journal.EndRecord
	lastSeq      uint64
	gaps         uint64
	started      bool
	Failures     Failures
	labels       *labels.Analysis
	runs         labelRuns
	Tracks       [stats.NumModes][stats.NumLanes]*track
	Heats        [stats.NumModes][stats.NumLanes]*Heat
	Pairs        [stats.NumModes]pairing
	Marks        map[ModeMark]*track
	every        uint64 // of requests enters the analysis
	stepEvery    uint64 // of them, with its decode steps
	steps        uint64 // that entered the analysis
	labelsErr    error
	manySegments bool
	energy       energy.Meter
	SMClocks     []float64 // readings, MHz

	Manifest   *Manifest // set by Observe or conclude, what follows by conclude
	Tables     *labels.Report
	Modes      []ModeResult
	Unfinished string // a sentence; "" of a finished session
}

// Pages writes what people read into a folder whose files are all there.
type Pages func(dir *door.Dir, c *Collected) error

// ModeResult is what is known of one mode at the end.
type ModeResult struct {
	Mode     stats.Mode
	Summary  *stats.SummaryFile
	Judged   Judged
	Counters *CounterFile
}

// conclude computes what rests on the whole session.
func (c *Collected) conclude(m *Manifest) (err error) {
	if c.Tables, err = c.labels.Finish(); err != nil && !errors.Is(err, labels.ErrEmpty) {
		return err
	}
	c.Manifest, c.Modes = m, nil
	for i, n := range c.modeRows {
		if mode := stats.Mode(i); n > 0 {
			c.Modes = append(c.Modes, ModeResult{mode, c.summary(mode), c.judge(mode), c.counterFile(mode, m.Settings.RecompileLimit)})
		}
	}
	return nil
}

// EvidenceRecord is an entry of compiler_evidence.json.
type EvidenceRecord struct {
	Generation int `json:"generation"`
	protocol.Evidence
}

// GenerationCounters are the newest counters of one worker generation.
type GenerationCounters struct {
	Generation int
	protocol.Counters
}

// writeFolder writes all files of a session folder into dir from src: one
// pass for statistics, events and readings, one for rows.
func writeFolder(dir *door.Dir, src journal.Source, m *Manifest, config []byte, pages Pages) error {
	c, err := firstPass(dir, src, m)
	if err != nil {
		return err
	}
	switch {
	case m.State == StateRecovered:
		m.lost(c)
	case c.damage != (journal.Damage{}) || m.accepted != nil && *m.accepted > m.Counts.Samples:
		if m.State == StateFinished {
			m.State = StateDamaged
		}
		end := m.Exit
		m.lost(c)
		m.Exit = end
	}
	if err := writeRows(dir, src, m, c); err != nil {
		return err
	}
	if err := c.conclude(m); err != nil {
		return err
	}
	if err := writeAnalysis(dir, c); err != nil {
		return err
	}
	if pages != nil {
		if err := pages(dir, c); err != nil {
			return err
		}
	}
	if err := dir.WriteFile(ConfigName, config); err != nil {
		return err
	}
	if m.Files, err = listFiles(dir); err != nil {
		return err
	}
	return dir.WriteJSON(ManifestName, m)
}

// firstPass writes events.jsonl, telemetry.csv and compiler_evidence.json, and
// collects what everything else needs.
func firstPass(dir *door.Dir, src journal.Source, m *Manifest) (*Collected, error) {
	w, err := newSideFiles(dir, m.StartNs)
	if err != nil {
		return nil, err
	}
	c, err := collect(src, m, w)
	if err = cmp.Or(err, w.close()); err != nil {
		return nil, err
	}
	return c, dir.WriteJSON(EvidenceName, c.evidenceFile())
}

// collect reads src once. It counts into m.Counts; w may be nil.
func collect(src journal.Source, m *Manifest, w *sideFiles) (*Collected, error) {
	total, err := src.Count()
	if err != nil {
		return nil, err
	}
	limit := uint64(analysisRows)
	if m.State == StateExported {
		limit = exportAnalysis
	}
	c := &Collected{Analysis: exact.New(exact.Options{Source: m.RunID, SLONs: m.Settings.SLONs, Noise: m.Settings.noise(), Share: stats.SessionShare,
		Expect: int(min(total, limit)) / max(len(m.Settings.Modes), 1), Facts: stats.Facts{AA: m.Settings.AA, Strategy: m.Settings.Strategy}}),
		proof: proof{aaFirst: m.Settings.AA}, labels: labels.New(labels.Options{Source: m.RunID}), every: every(total, limit)}
	c.runs.reset()
	c.stepEvery = c.every * every(total/c.every*uint64(max(m.Settings.MaxNewTokens, 1)), analysisSteps)
	if c.every > 1 {
		m.Notes = append(m.Notes, fmt.Sprintf("summary.json and the causes rest on every %d-th request: the session has more than %d samples. samples.parquet has all.", c.every, limit))
	}
	if c.stepEvery > c.every && m.Settings.MaxNewTokens > 1 {
		m.Notes = append(m.Notes, fmt.Sprintf("itl_p99_ms rests on the decode steps of every %d-th request; steps.parquet has all.", c.stepEvery))
	}
	m.Counts = Counts{ByMode: map[string]uint64{}, ByLane: map[string]uint64{}, Events: map[string]uint64{},
		DroppedView: m.Counts.DroppedView}
	n := &counts{}
	c.damage, err = src.Records(func(r *journal.Record) error {
		n.take(r)
		return c.take(r, m, w)
	})
	if c.labelsErr != nil {
		m.Notes = append(m.Notes, "The cold-start tables are incomplete: "+c.labelsErr.Error()+".")
	}
	if c.manySegments {
		m.Notes = append(m.Notes, fmt.Sprintf("Segments after number %d are one in the statistics; metrics.csv and samples.parquet tell them apart.", maxSegments))
	}
	n.into(&m.Counts)
	return c, err
}

func (c *Collected) take(r *journal.Record, m *Manifest, w *sideFiles) error {
	c.proof.take(r)
	switch r.Kind {
	case journal.KindSample:
		return c.sample(r, m)
	case journal.KindEvent:
		c.Analysis.AddEvent(&r.Event)
		c.Failures.add(&r.Event)
		c.story.take(&r.Event, m.StartNs)
		c.mark(&r.Event, m.StartNs)
		if w != nil {
			return w.event(&r.Event)
		}
	case journal.KindTelemetry:
		m.telemetry(&r.Telemetry)
		if t := &r.Telemetry; t.Why == "" {
			c.energy.Reading(t.TNs, t.EnergyMillijoules.OrNaN())
			c.SMClocks = appendSMClock(c.SMClocks, t)
		}
		if w != nil {
			return w.gpu(&r.Telemetry)
		}
	case journal.KindLoaded:
		m.Counts.Generations, m.Counts.Loads = c.loads, c.loads
		m.loaded(&r.Loaded)
		c.runs.reset()
	case journal.KindEnd:
		e := r.End
		c.end = &e
	}
	return nil
}

func (c *Collected) sample(r *journal.Record, m *Manifest) error {
	s := &r.Sample
	if c.started && s.Seq > c.lastSeq+1 {
		c.gaps += s.Seq - c.lastSeq - 1
	} else if !c.started {
		c.gaps = s.Seq
	}
	c.started, c.lastSeq = true, max(c.lastSeq, s.Seq)
	if s.Segment > maxSegments {
		s.Segment, c.manySegments = maxSegments, true
	}
	c.hists.add(s)
	c.energy.Sample(s)
	if s.Request%c.every == 0 {
		c.Analysis.Add(s)
		if n := uint64(len(r.Steps)); n > 0 && s.Counts() && s.Request%c.stepEvery == 0 && c.steps+n <= analysisSteps {
			c.steps += n
			c.Analysis.AddSteps(s.Request, s.Lane, s.Mode, r.Steps)
		}
	}
	c.forPlots(s, m)
	return nil
}

// telemetry notes the device of a reading.
func (m *Manifest) telemetry(t *gpu.State) {
	if m.GPU == nil || t.Why == "" {
		m.GPU = &GPUInfo{Name: t.Name, Driver: t.Driver, Index: t.Index, Count: t.Count, Why: t.Why}
	}
}

// counts counts records without a map access a sample.
type counts struct {
	mode              [stats.NumModes]uint64
	lane              [stats.NumLanes]uint64
	warmups, errors   uint64
	events            map[string]uint64
	gpu               uint64
	maxGen, maxSegmnt int32
	any               bool
}

func (n *counts) take(r *journal.Record) {
	switch r.Kind {
	case journal.KindSample:
		s := &r.Sample
		n.any = true
		n.mode[s.Mode]++
		n.lane[s.Lane]++
		if s.Warmup {
			n.warmups++
		}
		if s.Failed {
			n.errors++
		}
		n.maxGen, n.maxSegmnt = max(n.maxGen, s.Generation), max(n.maxSegmnt, s.Segment)
	case journal.KindEvent:
		if n.events == nil {
			n.events = map[string]uint64{}
		}
		n.events[string(r.Event.Kind)]++
	case journal.KindTelemetry:
		n.gpu++
	}
}

func (n *counts) into(c *Counts) {
	for i, v := range n.mode {
		if v > 0 {
			c.ByMode[stats.Mode(i).String()] = v
		}
		c.Samples += v
	}
	for i, v := range n.lane {
		if v > 0 {
			c.ByLane[stats.Lane(i).String()] = v
		}
	}
	c.Warmups, c.Errors, c.GPUReadings = n.warmups, n.errors, n.gpu
	if n.events != nil {
		c.Events, c.Restarts = n.events, int(n.events[string(stats.KindWorkerRestart)])
	}
	if n.any {
		c.Generations = max(c.Generations, int(n.maxGen)+1)
		c.Segments = int(n.maxSegmnt) + 1
	}
}

// listFiles lists the files of a folder, the journal left out.
func listFiles(dir *door.Dir) ([]string, error) {
	var out []string
	err := fs.WalkDir(dir.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path == journalDir {
				return fs.SkipDir
			}
			return nil
		}
		if path != ManifestName && d.Type().IsRegular() && !door.Temporary(d.Name()) && len(out) < maxListed {
			out = append(out, path)
		}
		return nil
	})
	slices.Sort(out)
	return out, err
}

// maxListed bounds the files the manifest lists.
const maxListed = 10_000

// every returns the k so that every k-th of n rows is at most limit rows.
func every(n, limit uint64) uint64 {
	if limit == 0 || n <= limit {
		return 1
	}
	return (n + limit - 1) / limit
}
