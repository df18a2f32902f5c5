package folder

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

// runKey names a run: the samples of one generation, segment, scenario and
// lane of a mode.
type runKey struct {
	generation, segment int32
	scenario            string
	lane                stats.Lane
}

// RunFile is run_<n>.json: TR117's shape with TR120's compile block.
type RunFile struct {
	Schema       string        `json:"schema"`
	RunID        string        `json:"run_id"`
	Mode         string        `json:"mode"`
	Scenario     string        `json:"scenario"`
	Backend      string        `json:"backend"` // asked for; compile says what ran
	Lane         string        `json:"lane"`
	Model        string        `json:"model"`
	Quantization string        `json:"quantization"`
	Generation   int32         `json:"generation"`
	Segment      int32         `json:"segment"`
	Strategy     string        `json:"strategy"`
	Status       string        `json:"status"` // ok, or error when every request failed
	Errors       int           `json:"errors"`
	LatenciesMs  msList        `json:"latencies_ms"` // in order, without warm-ups and failures
	Compile      *CompileBlock `json:"compile"`      // null in the eager lane
}

// CompileBlock is TR120's record of what compilation did.
type CompileBlock struct {
	BackendRequested string         `json:"backend_requested"`
	Backend          string         `json:"backend"`
	FallbackFrom     *string        `json:"fallback_from"`
	FallbackError    *string        `json:"fallback_error"`
	Counters         map[string]any `json:"counters_after_compile"`
	Dynamo           map[string]any `json:"dynamo_counters_after_compile,omitempty"` // the engine's own
}

// msList is nanoseconds that print as milliseconds with six decimals.
type msList []int64

// MarshalJSON implements json.Marshaler.
func (l msList) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 12*len(l)+2), '[')
	for i, v := range l {
		if i > 0 {
			b = append(b, ',')
		}
		b = textio.AppendMs(b, v)
	}
	return append(b, ']'), nil
}

// runFiles collects the runs of one mode.
type runFiles struct {
	m     *Manifest
	c     *Collected
	mode  stats.Mode
	runs  map[runKey]*RunFile
	order []*RunFile
}

func newRunFiles(m *Manifest, c *Collected, mode stats.Mode) *runFiles {
	return &runFiles{m: m, c: c, mode: mode, runs: map[runKey]*RunFile{}}
}

func (f *runFiles) add(s *stats.Sample) {
	if s.Warmup {
		return
	}
	segment := min(s.Segment, maxSegments)
	k := runKey{s.Generation, segment, s.Scenario, s.Lane}
	r := f.runs[k]
	if r == nil {
		backend := f.m.Engine.Backends[s.Lane.String()] // what was asked for: TR117's label
		if backend == "" || f.c.isAA(s.Segment) {
			backend = s.Backend
		}
		r = &RunFile{Schema: "tailscope.run/1", RunID: f.m.RunID, Mode: s.Mode.String(), Scenario: s.Scenario,
			Backend: backend, Lane: s.Lane.String(), Model: f.m.Model.Name, Quantization: dtype(f.m),
			Generation: s.Generation, Segment: segment, Strategy: s.Strategy, LatenciesMs: msList{}}
		f.runs[k] = r
		f.order = append(f.order, r)
	}
	if s.Failed {
		r.Errors++
		return
	}
	r.LatenciesMs = append(r.LatenciesMs, s.WallNs)
}

// write writes runs/<scenario>/<backend>/<dtype>/run_<n>.json.
func (f *runFiles) write(mode *door.Dir) error {
	number := map[string]int{}
	for _, r := range f.order {
		r.Status = "ok"
		if len(r.LatenciesMs) == 0 {
			r.Status = "error"
		}
		if r.Lane == stats.Optimized.String() && !f.c.isAA(r.Segment) {
			r.Compile = f.c.compileBlock(f.m, f.mode, int(r.Generation))
		}
		sub := filepath.Join("runs", PathWord(r.Scenario), PathWord(r.Backend), PathWord(r.Quantization))
		number[sub]++
		b, err := json.Marshal(r)
		if err != nil {
			return err
		}
		d, err := mode.Make(sub)
		if err != nil {
			return err
		}
		err = d.WriteFile(fmt.Sprintf("run_%d.json", number[sub]), append(plain.JSON(b), '\n'))
		if d.Close(); err != nil {
			return err
		}
	}
	return nil
}

// shortTypes are what run files call types of numbers; others keep their names.
var shortTypes = map[string]string{"float32": "fp32", "float": "fp32", "float16": "fp16", "bfloat16": "bf16", "": "unknown"}

func dtype(m *Manifest) string {
	d := strings.ToLower(m.Model.DType)
	return cmp.Or(shortTypes[d], d)
}

// PathWord makes a name safe as one element of a path: letters, digits, dot,
// dash and underscore, never starting with a dot, never empty.
func PathWord(s string) string {
	b := []byte(s)
	if len(b) > 100 {
		b = b[:100]
	}
	for i, c := range b {
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
		if !ok || c == '.' && i == 0 {
			b[i] = '_'
		}
	}
	if len(b) == 0 {
		return "_"
	}
	return string(b)
}
