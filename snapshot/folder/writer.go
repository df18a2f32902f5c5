package folder

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// Writer appends a session to the journal in its folder, and finishes the
// folder. One goroutine calls it; Export may be called from another at the
// same time.
type Writer struct {
	*journal.Writer
	at     *door.Dir
	dir    string
	config []byte
	pages  Pages

	mu       sync.Mutex // guards manifest
	manifest Manifest
}

// Options say how a session is written. The zero value is the usual.
type Options struct {
	Pages       Pages  // written when the folder is complete; nil: none
	SegmentRows uint64 // samples after which a segment of the journal is full
	TextRows    uint64 // rows of a metrics.csv, and requests of trace.json
}

// Create starts the journal of a session in dir, which exists, and writes
// manifest.json and config.yaml for the first time.
func Create(dir string, m Manifest, configYAML []byte, o Options) (*Writer, error) {
	m.Schema, m.State = journal.Schema, StateRunning
	w := &Writer{dir: dir, config: configYAML, manifest: m, pages: o.Pages}
	if o.TextRows > 0 {
		w.manifest.traceRows, w.manifest.Limits.CSVRows = o.TextRows, o.TextRows
	}
	if err := w.create(journal.Options{SegmentRows: o.SegmentRows, MaxBytes: m.Limits.MaxDiskBytes, Estimate: estimate}); err != nil {
		return nil, cannotWrite(dir, err)
	}
	return w, nil
}

func (w *Writer) create(o journal.Options) (err error) {
	if w.at, err = door.Open(w.dir); err != nil {
		return err
	}
	if w.at.Has(journalDir) {
		return errors.New("a session is in it")
	}
	if err := w.at.WriteFile(ConfigName, w.config); err != nil {
		return err
	}
	if err := w.at.WriteJSON(ManifestName, &w.manifest); err != nil {
		return err
	}
	jdir, err := w.at.Make(journalDir)
	if err != nil {
		return err
	}
	w.Writer, err = journal.Create(jdir, o)
	return err
}

// Dir returns the session's folder.
func (w *Writer) Dir() string { return w.dir }

// Loaded takes in what the engine says of itself and its model.
func (w *Writer) Loaded(l protocol.Loaded) error {
	w.mu.Lock()
	w.manifest.loaded(&l)
	w.mu.Unlock()
	return w.Writer.Loaded(l)
}

// End says how a session ended; Writer.Finish takes it.
type End struct {
	Reason      string // a sentence
	Err         error  // nil when it ended well
	TNs         int64  // CLOCK_MONOTONIC
	Time        time.Time
	DroppedView uint64
}

func (e *End) record() journal.EndRecord {
	r := journal.EndRecord{Reason: e.Reason, TNs: e.TNs, UnixNs: e.Time.UnixNano(), DroppedView: e.DroppedView}
	if e.Err != nil {
		r.Error = e.Err.Error()
	}
	return r
}

// Finish writes the whole folder, removes the journal and closes the Writer.
// After an error the journal stays, and Recover can finish the folder later.
func (w *Writer) Finish(end End) error {
	e := end.record()
	if w.at.Gone() {
		_, err := w.Writer.End(e)
		return errors.Join(w.later(err), w.Close())
	}
	src, err := w.Writer.End(e)
	if err != nil {
		return err
	}
	m := w.manifest
	m.end(&e)
	m.State = StateFinished
	accepted := w.Accepted()
	m.accepted = &accepted
	if err := room(w.at, src); err != nil {
		return errors.Join(w.later(err), w.Close())
	}
	if err := writeFolder(w.at, src, &m, w.config, w.pages); err != nil {
		return errors.Join(w.later(err), w.Close())
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := w.at.RemoveAll(journalDir); err != nil || m.State == StateFinished {
		return err
	}
	return fmt.Errorf("%s is not whole: %s", w.dir, m.Lost.Sentence)
}

// later says what to do after a folder could not be finished; there is nothing
// to do for one that is gone.
func (w *Writer) later(err error) error {
	if w.at.Gone() {
		return fmt.Errorf("the session folder %s was deleted while the session ran: nothing of it is kept", w.dir)
	}
	return fmt.Errorf("the journal is kept, 'tailscope recover %s' finishes the folder later: %w", w.at.Path(), err)
}

// Export writes a complete folder of the state so far beside the session's
// (<run_id>_e1, _e2 …) and returns its path. Samples may be appended
// meanwhile: they wait only while the buffer is flushed.
func (w *Writer) Export() (dir string, err error) {
	w.mu.Lock()
	m := w.manifest
	w.mu.Unlock()
	src, err := w.SoFar()
	if err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	defer src.Close()
	if dir, err = exportDir(w.dir); err != nil {
		return "", err
	}
	at, err := door.Open(dir)
	if err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	defer at.Close()
	m.State = StateExported
	m.end(&journal.EndRecord{Reason: "exported while the session went on", TNs: clock.Monotonic(), UnixNs: time.Now().UnixNano()})
	if err := writeFolder(at, src, &m, w.config, w.pages); err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	return dir, nil
}

// end takes the end of a session into the manifest.
func (m *Manifest) end(e *journal.EndRecord) {
	t := time.Unix(0, e.UnixNs).In(m.Start.Location())
	m.End, m.EndNs = &t, e.TNs
	m.Exit = Exit{Reason: e.Reason, Error: e.Error}
	m.Counts.DroppedView = e.DroppedView
}

// estimate is the size a folder may come to while it is being finished: the
// journal is still there, Parquet is about as large, and text files grow with
// the samples up to their row limits. Pictures and the report have a fixed size.
func estimate(journal int64, samples uint64) int64 {
	const csvRow, traceRow, fixed = 290, 320, 3 << 20
	return 2*journal + csvRow*int64(min(samples, stats.NumModes*CSVRows)) + traceRow*int64(min(samples, maxTrace)) + fixed
}

// room is an error where the file system of dir has less room than finishing
// a folder from src may take.
func room(dir *door.Dir, src *journal.Reader) error {
	samples, err := src.Count()
	if err != nil {
		return err
	}
	need := estimate(src.Bytes(), samples) - src.Bytes() // the journal is there
	if free, ok := freeBytes(dir.Path()); ok && free < need {
		return fmt.Errorf("finishing the folder may take %s, and %s is left on the file system of %s: free some, or write elsewhere with 'tailscope recover %s --out DIR'",
			journal.FormatBytes(need), journal.FormatBytes(free), dir.Path(), dir.Path())
	}
	return nil
}

var freeBytes = sys.FreeBytes // a test has less
