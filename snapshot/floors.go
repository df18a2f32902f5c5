package snapshot

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/between"
)

// setup is what a noise floor holds for: this machine, engine and model, run in
// this way.
type setup struct {
	Host     string `json:"host"`
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	Engine   string `json:"engine"`
	Command  string `json:"engine_cmd,omitempty"`
	Model    string `json:"model"`
	Provider string `json:"provider"`
	Device   int    `json:"device"`
	Torch    string `json:"torch,omitempty"` // device and dtype
	Pairing  string `json:"pairing"`
	Threads  int    `json:"threads"`
	Batch    int    `json:"batch"`
}

func setupOf(c *configs.Config) setup {
	h := folder.HostInfo()
	s := setup{Host: h.Name, CPU: h.CPU, Cores: h.Cores, Engine: c.Engine, Command: c.EngineCmd, Model: c.Model, Provider: c.Provider, Device: c.Device,
		Pairing: c.Pairing, Threads: c.Threads, Batch: c.Batch}
	if path, err := filepath.Abs(c.Model); err == nil {
		if _, err := os.Stat(path); err == nil {
			s.Model = path
		}
	}
	if c.Engine == "torch" {
		s.Torch = c.Torch.Device + " " + c.Torch.DType
	}
	return s
}

// floorFile is what one setup's A/A sessions showed.
type floorFile struct {
	Setup    setup                  `json:"setup"`
	Recorded time.Time              `json:"recorded"`
	Modes    map[string]stats.Noise `json:"modes"`
}

// floorDir has one file a setup.
func floorDir() string { return sys.CacheDir("floors") }

func (s *setup) path() (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	return filepath.Join(floorDir(), fmt.Sprintf("%x", sha256.Sum256(text))[:24]+".json"), nil
}

// Floors are the noise floors by mode that A/A sessions of this machine, engine and
// model have shown; nil where none are in the cache.
func Floors(c *configs.Config) (map[string]stats.Noise, error) {
	if _, err := os.Stat(floorDir()); err != nil {
		return nil, nil //nolint:nilerr // nothing was ever kept
	}
	s := setupOf(c)
	path, err := s.path()
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var f floorFile
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	for _, n := range f.Modes {
		if least := min(n.MedianNs, n.MeanNs, n.P99Ns, slices.Min(n.Shares[:]), float64(n.Sessions)); least < 0 {
			err = cmp.Or(err, fmt.Errorf("%s holds the figure %g", path, least))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("noise floor of this machine: %w", err)
	}
	return f.Modes, nil
}

// KeepFloors computes the floors of A/A sessions, by mode, from their summaries, and
// keeps them in the cache. A mode with fewer than between.LeastForFloor sessions has
// none, and nothing is kept where no mode has one.
func KeepFloors(c *configs.Config, sessions []map[string]*stats.SummaryFile) (map[string]stats.Noise, error) {
	all := map[string]*[stats.NumStatistics][]float64{}
	for _, s := range sessions {
		for mode, sum := range s {
			d, ok := differences(sum)
			if !ok {
				continue
			}
			if all[mode] == nil {
				all[mode] = new([stats.NumStatistics][]float64)
			}
			for i := range d {
				all[mode][i] = append(all[mode][i], d[i])
			}
		}
	}
	f := floorFile{Setup: setupOf(c), Recorded: time.Now().UTC(), Modes: map[string]stats.Noise{}}
	for mode, d := range all {
		n := stats.Noise{Sessions: len(d[0])}
		for i := range d {
			n.Shares[i] = between.Floor(d[i])
		}
		if n.Shares[stats.Median] > 0 {
			f.Modes[mode] = n
		}
	}
	if len(f.Modes) == 0 {
		return nil, nil
	}
	path, err := f.Setup.path()
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err != nil {
		return nil, err
	}
	at, err := door.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer at.Close()
	return f.Modes, at.WriteJSON(filepath.Base(path), f) // whole: another session may begin now
}

// differences of the lanes in a whole session, as shares of the eager figure, by
// statistic.
func differences(s *stats.SummaryFile) (out [stats.NumStatistics]float64, ok bool) {
	var lanes [stats.NumLanes]*stats.GroupSummary
	for g := range s.Over("*") {
		if l, err := stats.ParseLane(g.Lane); err == nil {
			lanes[l] = g
		}
	}
	e, o := lanes[stats.Eager], lanes[stats.Optimized]
	if e == nil || o == nil || !(e.P50Ms > 0 && e.MeanMs > 0 && e.P99Ms > 0) {
		return out, false
	}
	share := func(o, e stats.Num) float64 { return float64(o-e) / float64(e) }
	out[stats.Median], out[stats.Mean], out[stats.P99] = share(o.P50Ms, e.P50Ms), share(o.MeanMs, e.MeanMs), share(o.P99Ms, e.P99Ms)
	if p := s.Pair(); p != nil && !p.MedianDiffMs.Missing() {
		out[stats.Median] = float64(p.MedianDiffMs / e.P50Ms)
	}
	return out, true
}
