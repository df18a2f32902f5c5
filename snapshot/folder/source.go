package folder

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// folderSource reads a finished folder: samples from samples.parquet, steps
// from each mode's steps.parquet, events and readings merged in by time.
type folderSource struct {
	dir *door.Dir
	m   *Manifest
}

func (s *folderSource) Count() (uint64, error) { return s.m.Counts.Samples, nil }

func (s *folderSource) Records(yield func(*journal.Record) error) (journal.Damage, error) {
	var r journal.Record
	emit := func(kind journal.Kind) error {
		r.Kind = kind
		return yield(&r)
	}
	if err := s.proofs(&r, emit); err != nil {
		return journal.Damage{}, err
	}
	side, err := s.openSide()
	if err != nil {
		return journal.Damage{}, err
	}
	defer side.close()
	d, err := s.rows(&r, side, yield)
	if err != nil {
		return d, err
	}
	if err := side.until(1<<63-1, &r, yield); err != nil {
		return d, err
	}
	if s.m.End != nil {
		r.End = journal.EndRecord{Reason: s.m.Exit.Reason, Error: s.m.Exit.Error, TNs: s.m.EndNs, UnixNs: s.m.End.UnixNano(),
			DroppedView: s.m.Counts.DroppedView}
		return d, emit(journal.KindEnd)
	}
	return d, nil
}

// rows merges samples with their steps and what happened before them.
func (s *folderSource) rows(r *journal.Record, side *sideReader, yield func(*journal.Record) error) (d journal.Damage, err error) {
	samples, err := journal.OpenSamples(s.dir, SamplesName)
	if err != nil {
		return d, err
	}
	defer samples.Close()
	steps := journal.NewStepsReaders(s.dir, func(m stats.Mode) string { return m.String() + "/" + StepsName })
	defer steps.Close()
	for {
		if err := samples.Next(&r.Sample); errors.Is(err, io.EOF) {
			return journal.Damage{Samples: samples.Lost(), Frames: steps.Bad}, nil
		} else if err != nil {
			return d, err
		}
		smp := r.Sample
		if err := side.until(smp.StartNs+smp.WallNs, r, yield); err != nil {
			return d, err
		}
		r.Kind, r.Sample = journal.KindSample, smp
		steps.Of(r)
		if err := yield(r); err != nil {
			return d, err
		}
	}
}

func openLines(dir *door.Dir, name string) (*textio.Lines, error) {
	f, err := dir.Read(name)
	if err != nil {
		return nil, err
	}
	return textio.NewLines(f, dir.Path(name)), nil
}

// sideReader reads events.jsonl and telemetry.csv side by side, in time order.
type sideReader struct {
	events, telemetry         *textio.Lines
	startNs                   int64
	m                         *Manifest
	event                     stats.Event
	reading                   gpu.State
	haveEvent, haveReading    bool
	eventsEnded, readingEnded bool
}

func (s *folderSource) openSide() (*sideReader, error) {
	e, err := openLines(s.dir, EventsName)
	if err != nil {
		return nil, err
	}
	t, err := openLines(s.dir, TelemetryName)
	if err != nil {
		e.Close()
		return nil, err
	}
	return &sideReader{events: e, telemetry: t, startNs: s.m.StartNs, m: s.m}, nil
}

func (r *sideReader) close() { r.events.Close(); r.telemetry.Close() }

// until hands out what happened up to tNs.
func (r *sideReader) until(tNs int64, rec *journal.Record, yield func(*journal.Record) error) error {
	for {
		if err := r.fetch(); err != nil {
			return err
		}
		switch {
		case r.haveEvent && r.event.TNs <= tNs && (!r.haveReading || r.event.TNs <= r.reading.TNs):
			rec.Kind, rec.Event, r.haveEvent = journal.KindEvent, r.event, false
		case r.haveReading && r.reading.TNs <= tNs:
			rec.Kind, rec.Telemetry, r.haveReading = journal.KindTelemetry, r.reading, false
		default:
			return nil
		}
		if err := yield(rec); err != nil {
			return err
		}
	}
}

func (r *sideReader) fetch() error {
	for !r.haveEvent && !r.eventsEnded {
		line, err := r.events.Next()
		if errors.Is(err, io.EOF) {
			r.eventsEnded = true
			break
		}
		if err != nil {
			return err
		}
		r.event = stats.Event{}
		if err := json.Unmarshal(line, &r.event); err != nil {
			return r.events.Errorf("%v", err)
		}
		r.haveEvent = true
	}
	for !r.haveReading && !r.readingEnded {
		line, err := r.telemetry.Next()
		if errors.Is(err, io.EOF) {
			r.readingEnded = true
			break
		}
		if err != nil {
			return err
		}
		if r.telemetry.N == 1 {
			if h := string(line); h != strings.Join(telemetryColumns, ",") && h != strings.Join(telemetryColumns[:oldColumns], ",") {
				return r.telemetry.Errorf("unexpected columns")
			}
			continue
		}
		if r.reading, err = parseTelemetry(string(line), r.startNs, r.m); err != nil {
			return r.telemetry.Errorf("%v", err)
		}
		r.haveReading = true
	}
	return nil
}

// parseTelemetry reads a line of telemetry.csv.
func parseTelemetry(line string, startNs int64, m *Manifest) (t gpu.State, err error) {
	f, err := textio.SplitDelimited(nil, []byte(line), ',')
	if err != nil {
		return t, err
	}
	if len(f) != len(telemetryColumns) && len(f) != oldColumns {
		return t, fmt.Errorf("%d fields, want %d", len(f), len(telemetryColumns))
	}
	if t.TNs, err = textio.ParseMs(f[0]); err != nil {
		return t, fmt.Errorf("t_ms: %w", err)
	}
	t.TNs += startNs
	if t.Index, err = strconv.Atoi(string(f[1])); err != nil {
		return t, fmt.Errorf("gpu: %w", err)
	}
	why, valid := string(f[16]), false
	for i, r := range readings(&t) {
		if s := f[2+i]; len(s) == 0 {
			r.Err = cmp.Or(why, "missing")
		} else if r.Value, err = strconv.ParseFloat(string(s), 64); err != nil {
			return t, fmt.Errorf("%s: %w", telemetryColumns[2+i], err)
		} else {
			valid = true
		}
	}
	t.EnergyMillijoules = gpu.Reading{Err: "missing"}
	if len(f) > oldColumns && len(f[oldColumns]) > 0 {
		if t.EnergyMillijoules.Value, err = strconv.ParseFloat(string(f[oldColumns]), 64); err != nil {
			return t, fmt.Errorf("energy_mj: %w", err)
		}
		t.EnergyMillijoules.Err = ""
	}
	if !valid {
		t.Why = cmp.Or(why, "no reading")
	}
	if len(f[14]) > 0 {
		t.Throttle = strings.Split(string(f[14]), "|")
	}
	if t.CostNs, err = textio.ParseMs(f[15]); err != nil {
		return t, fmt.Errorf("cost_ms: %w", err)
	}
	if m != nil && m.GPU != nil {
		t.Name, t.Driver, t.Count = m.GPU.Name, m.GPU.Driver, m.GPU.Count
	}
	return t, nil
}

// maxReadings bounds the readings of the SM clock that are kept of a session.
const maxReadings = 1 << 20

// SMClocks are the readings of the SM clock of a finished session, MHz; none where
// they cannot be read.
func (s *Session) SMClocks() (v []float64) {
	l, err := openLines(s.at, TelemetryName)
	if err != nil {
		return nil
	}
	defer l.Close()
	err = textio.Each(l.Next, func(line []byte) error {
		if l.N == 1 {
			return nil
		}
		t, err := parseTelemetry(string(line), 0, nil)
		v = appendSMClock(v, &t)
		return err
	})
	if err != nil {
		return nil
	}
	return v
}

func appendSMClock(v []float64, t *gpu.State) []float64 {
	if t.Why == "" && t.SMClockMHz.OK() && len(v) < maxReadings {
		return append(v, t.SMClockMHz.Value)
	}
	return v
}
