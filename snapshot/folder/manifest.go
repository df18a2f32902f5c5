package folder

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/limit"
)

// Names of the files at the top of a session folder.
const (
	ManifestName  = "manifest.json"
	ConfigName    = "config.yaml"
	EventsName    = "events.jsonl"
	TelemetryName = "telemetry.csv"
	EvidenceName  = "compiler_evidence.json"
	SamplesName   = "samples.parquet"
	TraceName     = "trace.json"
	StepsName     = "steps.parquet" // in the folder of a mode
	journalDir    = "journal"
)

// States of a session folder.
const (
	StateRunning   = "running"   // the journal is being appended to, or its process died
	StateFinished  = "finished"  // ended by itself or by its user
	StateExported  = "exported"  // a copy made while the session went on
	StateRecovered = "recovered" // finished by "tailscope recover"
	StateDamaged   = "damaged"   // ended, but a part of its journal could not be read
	StateImported  = "imported"  // made from another tool's result
)

// Manifest is manifest.json: what ran where, and how it ended.
// Instants that end in _ns are CLOCK_MONOTONIC of the host.
type Manifest struct {
	Schema   string         `json:"schema"`
	RunID    string         `json:"run_id"`
	State    string         `json:"state"`
	Program  Program        `json:"program"`
	Host     Host           `json:"host"`
	GPU      *GPUInfo       `json:"gpu"` // null: no reading was ever taken
	Engine   Engine         `json:"engine"`
	Model    protocol.Model `json:"model"`
	Settings Settings       `json:"settings"`
	StartNs  int64          `json:"start_ns"` // zero of every t_ms
	EndNs    int64          `json:"end_ns"`
	Start    time.Time      `json:"start"` // wall clock
	End      *time.Time     `json:"end"`   // null while running
	Counts   Counts         `json:"counts"`
	Exit     Exit           `json:"exit"`
	Lost     *Lost          `json:"lost,omitempty"`
	Limits   Limits         `json:"limits"`
	Notes    []string       `json:"notes,omitempty"`
	Files    []string       `json:"files,omitempty"` // relative, slashes

	accepted  *uint64 // by the session that died; nil: unknown
	traceRows uint64  // requests in trace.json; 0: maxTrace
}

// Program identifies the tailscope that wrote the folder.
type Program struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
}

// Host is the machine. Zero values mean unknown.
type Host struct {
	Name     string `json:"name,omitempty"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	Platform string `json:"platform,omitempty"`
	Kernel   string `json:"kernel,omitempty"`
	CPU      string `json:"cpu,omitempty"`
	Cores    int    `json:"cores"`
	MemBytes uint64 `json:"mem_bytes,omitempty"`
}

// GPUInfo is the device the telemetry comes from.
type GPUInfo struct {
	Name   string `json:"name"`
	Driver string `json:"driver"`
	Index  int    `json:"index"`
	Count  int    `json:"count"`
	Why    string `json:"why,omitempty"` // why there are no readings
}

// Engine is what executed.
type Engine struct {
	Name          string             `json:"name"`
	Version       string             `json:"version,omitempty"`
	ProviderAsked string             `json:"provider_asked"`
	Provider      string             `json:"provider"`
	Device        string             `json:"device,omitempty"`
	Refusals      []protocol.Refusal `json:"refusals,omitempty"`
	Backends      map[string]string  `json:"backends,omitempty"` // lane to backend asked for
	Threads       int                `json:"threads"`
	CPUs          string             `json:"cpus,omitempty"` // that the worker could run on once it had loaded, e.g. "1-15"
	Precision     string             `json:"precision,omitempty"`
	Boundary      string             `json:"boundary,omitempty"`
	Roof          *limit.Roof        `json:"roof,omitempty"`
	Versions      map[string]string  `json:"versions,omitempty"`
	Libraries     []protocol.Library `json:"libraries,omitempty"` // that the engine has opened, with their hashes
	Notes         []string           `json:"notes,omitempty"`
	LoadNs        int64              `json:"load_ns,omitempty"`
}

// Settings are the parts of the configuration that decide what numbers mean;
// config.yaml has all of it. They are those at the start: toggles are events.
type Settings struct {
	Config         string   `json:"config,omitempty"`
	Modes          []string `json:"modes"`
	Strategy       string   `json:"strategy"`
	EagerInputs    string   `json:"eager_inputs"`
	Pairing        string   `json:"pairing"`
	RatePerS       float64  `json:"rate_per_s"` // 0: closed loop
	SLONs          int64    `json:"slo_ns"`     // 0: none
	Seed           uint64   `json:"seed"`
	Reps           int      `json:"reps"`
	Warmup         int      `json:"warmup"`
	Batch          int      `json:"batch"`
	MaxNewTokens   int      `json:"max_new_tokens"`
	RecompileLimit int      `json:"recompile_limit"`
	AA             bool     `json:"aa"`
	Observed       bool     `json:"observed,omitempty"` // requests are of others, none was planned

	Noise map[string]stats.Noise `json:"noise,omitempty"` // by mode: the floors of the A/A session that was given
}

// Counts says how much the folder holds.
type Counts struct {
	Samples     uint64            `json:"samples"` // all rows
	Warmups     uint64            `json:"warmups"`
	Errors      uint64            `json:"errors"` // status error
	ByMode      map[string]uint64 `json:"by_mode"`
	ByLane      map[string]uint64 `json:"by_lane"`
	Events      map[string]uint64 `json:"events"` // by kind
	GPUReadings uint64            `json:"gpu_readings"`
	Generations int               `json:"generations"` // of the worker: its lives, also those that died loading
	Loads       int               `json:"loads"`       // times that a worker loaded the model
	Restarts    int               `json:"restarts"`    // times that a worker was started in place of one that ended
	Segments    int               `json:"segments"`
	DroppedView uint64            `json:"dropped_views"` // frames replaced before they were shown; no sample is ever dropped
}

// Exit says how the session ended.
type Exit struct {
	Reason string `json:"reason"` // a sentence, e.g. "all repetitions done"
	Error  string `json:"error,omitempty"`
}

// Lost says what a recovered folder lacks.
type Lost struct {
	Samples   uint64 `json:"samples"` // accepted by the session but not on disk
	Known     bool   `json:"known"`   // false: Samples is only what gaps on disk prove
	Bytes     int64  `json:"bytes"`   // of the journal that could not be read
	Sentence  string `json:"sentence"`
	LastSeq   uint64 `json:"last_seq"` // of the last sample on disk
	Recovered uint64 `json:"recovered"`
}

// Limits says which files hold less than everything, and the bounds in force.
type Limits struct {
	MaxDiskBytes int64  `json:"max_disk_bytes,omitempty"`
	CSVRows      uint64 `json:"csv_rows"`      // rows a metrics.csv may have
	CSVEveryNth  uint64 `json:"csv_every_nth"` // 1: every request is in metrics.csv and runs/; k: every k-th
}

// NewManifest fills a manifest with the host, the program and the settings of
// c. startNs is CLOCK_MONOTONIC at now.
func NewManifest(c *configs.Config, runID string, startNs int64, now time.Time) Manifest {
	limit, _ := c.MaxDiskBytes() // Validate has checked it
	return Manifest{
		Limits: Limits{MaxDiskBytes: limit}, Schema: journal.Schema, RunID: runID, State: StateRunning, Program: program(), Host: HostInfo(),
		StartNs: startNs, Start: now, Settings: settings(c),
		Engine: Engine{Name: c.Engine, ProviderAsked: c.Provider, Threads: c.Threads},
	}
}

func settings(c *configs.Config) Settings {
	return Settings{Config: c.Name, Modes: c.Modes, Strategy: c.Strategy, EagerInputs: c.EagerInputs,
		Pairing: c.Pairing, RatePerS: c.Rate, SLONs: int64(c.SLO), Seed: c.Seed, Reps: c.Reps, Warmup: c.Warmup,
		Batch: c.Batch, MaxNewTokens: c.MaxNewTokens, RecompileLimit: c.Limit(), AA: c.AA,
		Observed: c.Engine == "exec" || c.Engine == "watch"}
}

func program() Program {
	b := sys.ThisBuild()
	return Program{Version: b.Version, Commit: b.Commit, Go: b.Go}
}

// HostInfo describes this machine; what cannot be read stays zero.
func HostInfo() Host {
	h := Host{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(), Kernel: sys.Kernel()}
	h.Name, _ = os.Hostname()
	h.Platform = platform("/etc")
	if c, err := cpu.Info(); err == nil && len(c) > 0 {
		h.CPU = c[0].ModelName
	}
	if v, err := mem.VirtualMemory(); err == nil {
		h.MemBytes = v.Total
	}
	return h
}

// platform is the distribution by its own files, e.g. "debian 12.11", "" when
// they do not tell. Libraries ask lsb_release, a shell script that takes longer
// than everything else before the first frame.
func platform(etc string) string {
	b, err := os.ReadFile(filepath.Join(etc, "os-release"))
	if err != nil {
		return ""
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			fields[k] = strings.Trim(v, `"'`)
		}
	}
	version := fields["VERSION_ID"]
	if fields["ID"] == "debian" {
		if b, err := os.ReadFile(filepath.Join(etc, "debian_version")); err == nil {
			version = strings.TrimSpace(string(b))
		}
	}
	return strings.TrimSpace(fields["ID"] + " " + version)
}

// loaded takes what the engine said about itself into the manifest.
func (m *Manifest) loaded(l *protocol.Loaded) {
	m.Model = l.Model
	e := &m.Engine
	e.ProviderAsked, e.Provider, e.Device, e.Refusals = l.ProviderAsked, l.Provider, l.Device, l.Refusals
	e.Backends, e.Threads, e.CPUs, e.Boundary, e.Precision, e.Roof = l.Backends, l.Threads, l.CPUs, l.Boundary, l.Precision, l.Roof
	e.Versions, e.Libraries, e.Notes, e.LoadNs = l.Versions, l.Libraries, l.Notes, l.DurNs
	if v := l.Versions[e.Name]; v != "" && e.Version == "" {
		e.Version = v
	}
}

// ReadManifest reads dir/manifest.json.
func ReadManifest(dir string) (*Manifest, error) {
	at, err := door.Open(dir)
	if err != nil {
		return nil, err
	}
	defer at.Close()
	return readManifest(at)
}

func readManifest(at *door.Dir) (*Manifest, error) {
	var m Manifest
	if err := at.ReadJSON(ManifestName, &m); err != nil {
		return nil, err
	}
	if m.Schema != journal.Schema {
		return nil, fmt.Errorf("%s: schema %q, this program reads %q", at.Path(ManifestName), m.Schema, journal.Schema)
	}
	return &m, nil
}

// noise is what a session was given, by mode.
func (s *Settings) noise() (out [stats.NumModes]stats.Noise) {
	for name, n := range s.Noise {
		if mode, err := stats.ParseMode(name); err == nil {
			out[mode] = n
		}
	}
	return out
}
