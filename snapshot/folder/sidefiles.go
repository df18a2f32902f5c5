package folder

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// sideFiles are events.jsonl and telemetry.csv.
type sideFiles struct {
	events, telemetry *door.File
	startNs           int64
	buf               []byte
}

func newSideFiles(dir *door.Dir, startNs int64) (*sideFiles, error) {
	e, err := dir.Create(EventsName)
	if err != nil {
		return nil, err
	}
	t, err := dir.Create(TelemetryName)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	_, err = t.WriteString(strings.Join(telemetryColumns, ",") + "\n")
	return &sideFiles{events: e, telemetry: t, startNs: startNs}, err
}

func (w *sideFiles) event(e *stats.Event) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = w.events.Write(append(plain.JSON(b), '\n'))
	return err
}

func (w *sideFiles) gpu(t *gpu.State) error {
	w.buf = appendTelemetry(w.buf[:0], t, w.startNs)
	_, err := w.telemetry.Write(w.buf)
	return err
}

func (w *sideFiles) close() error { return errors.Join(w.events.Close(), w.telemetry.Close()) }
