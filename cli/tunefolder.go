package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/stats/race"
)

// asked are the wishes of a tune, as asked.json keeps them for --resume.
type asked struct {
	Minimize  string        `json:"minimize"`
	Memory    string        `json:"memory,omitempty"`
	ColdStart time.Duration `json:"cold_start_ns,omitempty"`
	Duration  time.Duration `json:"duration_ns"`
	Horizon   int           `json:"horizon"`
	Restarts  int           `json:"restarts"`
	Modes     []string      `json:"modes"`
	Options   bool          `json:"options"`
}

// parse checks the wishes and reads those that are words.
func (a *asked) parse() (o race.Objective, memory int64, err error) {
	if a.Horizon < 1 || a.Duration <= 0 || a.Restarts < 0 {
		return 0, 0, exit.Usage(errors.New("--horizon and --duration are more than 0, --restarts is at least 0"))
	}
	if o, err = race.ParseObjective(a.Minimize); err != nil {
		return 0, 0, exit.Usage(fmt.Errorf("--minimize: %w", err))
	}
	if memory, err = configs.Bytes("--memory", a.Memory); err != nil {
		return 0, 0, exit.Usage(err)
	}
	return o, memory, nil
}

// usual is what a tune is asked unless told otherwise.
var usual = asked{Minimize: "p99", Duration: 2 * time.Minute, Horizon: 10_000, Restarts: 3, Options: true}

// slowDuration is the usual one of PyTorch, where an executable takes seconds.
const slowDuration = 10 * time.Minute

// usually sets the duration that nobody gave, and says so where it is no common one.
func (a *asked) usually(cfg *configs.Config) {
	if cfg.Engine == "torch" {
		a.Duration = slowDuration
		fmt.Fprintf(output.Stderr, "tune: --duration is %s for PyTorch, whose executables take seconds each (%s elsewhere)\n", slowDuration, usual.Duration)
	}
}

const askedFile = "asked.json"

// tuneFolder makes the folder of a tune, or takes up the one of --resume with
// what it was asked.
func tuneFolder(c *cobra.Command, a *asked) (*configs.Config, string, error) {
	f := c.Flags()
	if dir, _ := f.GetString("resume"); dir != "" {
		b, err := os.ReadFile(filepath.Join(dir, askedFile))
		if err != nil {
			return nil, "", exit.Usage(fmt.Errorf("%s is no tune: %w", dir, err))
		}
		duration, given := a.Duration, f.Changed("duration")
		if err := json.Unmarshal(b, a); err != nil {
			return nil, "", exit.Usage(fmt.Errorf("%s: %w", askedFile, err))
		}
		if given {
			a.Duration = duration
		}
		cfg, err := configs.Load(filepath.Join(dir, "config.yaml"))
		if err != nil {
			return nil, "", exit.Usage(err)
		}
		return cfg, dir, nil
	}
	cfg, err := loadConfig(f)
	if err != nil {
		return nil, "", err
	}
	if _, _, err := a.parse(); err != nil {
		return nil, "", err
	}
	if !f.Changed("duration") {
		a.usually(cfg)
	}
	a.Modes = phases(cfg, f.Changed("mode"))
	dir, err := newTuneFolder(cfg, a)
	return cfg, dir, err
}

func newTuneFolder(cfg *configs.Config, a *asked) (string, error) {
	kept := cfg.Redacted()
	yaml, err := kept.YAML()
	if err != nil {
		return "", err
	}
	_, dir, err := folder.NewRunID(cfg.Out, time.Now())
	if err != nil {
		return "", err
	}
	b, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return "", err
	}
	return dir, errors.Join(os.WriteFile(filepath.Join(dir, "config.yaml"), yaml, 0o644), os.WriteFile(filepath.Join(dir, askedFile), append(b, '\n'), 0o644))
}

// phases are the modes to race: both of a language model, unless its user said
// which.
func phases(cfg *configs.Config, given bool) []string {
	switch {
	case slices.Contains(cfg.Modes, "forward"):
		return []string{"forward"}
	case !given || slices.Contains(cfg.Modes, "e2e_kv"):
		return []string{"prefill", "kv_decode"}
	}
	return cfg.Modes
}
