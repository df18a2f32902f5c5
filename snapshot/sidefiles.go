package snapshot

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/stats"
)

// outFile is a buffered file that appears under its name when it is complete.
type outFile struct {
	*bufio.Writer
	f    *os.File
	path string
}

func createOut(dir, name string) (*outFile, error) {
	path := filepath.Join(dir, name)
	f, err := os.Create(path + ".tmp")
	if err != nil {
		return nil, err
	}
	return &outFile{bufio.NewWriterSize(f, 256<<10), f, path}, nil
}

func (o *outFile) close() error {
	err := errors.Join(o.Flush(), o.f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(o.path+".tmp"))
	}
	return os.Rename(o.path+".tmp", o.path)
}

// closeSynced is close after which the file is on disk.
func (o *outFile) closeSynced() error {
	if err := errors.Join(o.Flush(), o.f.Sync()); err != nil {
		return errors.Join(err, o.abort())
	}
	return o.close()
}

// abort removes the file.
func (o *outFile) abort() error { return errors.Join(o.f.Close(), os.Remove(o.path+".tmp")) }

// sideFiles are events.jsonl and telemetry.csv.
type sideFiles struct {
	events, telemetry *outFile
	startNs           int64
	buf               []byte
}

func newSideFiles(dir string, startNs int64) (*sideFiles, error) {
	e, err := createOut(dir, EventsName)
	if err != nil {
		return nil, err
	}
	t, err := createOut(dir, TelemetryName)
	if err != nil {
		return nil, errors.Join(err, e.close())
	}
	_, err = t.WriteString(strings.Join(telemetryColumns, ",") + "\n")
	return &sideFiles{events: e, telemetry: t, startNs: startNs}, err
}

func (w *sideFiles) event(e *stats.Event) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = w.events.Write(append(b, '\n'))
	return err
}

func (w *sideFiles) gpu(t *gpu.State) error {
	w.buf = appendTelemetry(w.buf[:0], t, w.startNs)
	_, err := w.telemetry.Write(w.buf)
	return err
}

func (w *sideFiles) close() error { return errors.Join(w.events.close(), w.telemetry.close()) }
