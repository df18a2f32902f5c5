package folder

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// EvidenceFile is compiler_evidence.json.
type EvidenceFile struct {
	Schema      string             `json:"schema"`
	Modes       map[string]Judged  `json:"modes"`
	Executables []EvidenceRecord   `json:"executables"`
	Refusals    []protocol.Refusal `json:"refusals"`
}

// ReadEvidence reads compiler_evidence.json of a finished folder.
func ReadEvidence(dir string) (*EvidenceFile, error) {
	at, err := door.Open(dir)
	if err != nil {
		return nil, err
	}
	defer at.Close()
	return (&Session{at: at}).evidence()
}

func (s *Session) evidence() (*EvidenceFile, error) {
	var f EvidenceFile
	return &f, s.at.ReadJSON(EvidenceName, &f)
}

// Judged says whether the optimized lane of a mode is compiler-real.
type Judged struct {
	CompilerReal string `json:"compiler_real"` // yes, no or unknown
	Why          string `json:"why"`
}

// CounterFile is compiler_counters.json of one mode: sums over strategies and
// worker generations, and each of them apart.
type CounterFile struct {
	Schema         string         `json:"schema"`
	UniqueGraphs   int            `json:"unique_graphs"` // alive at the end
	Compiles       int            `json:"compiles"`
	Recompiles     int            `json:"recompiles"`
	RecompileLimit int            `json:"recompile_limit"`
	LimitReached   bool           `json:"limit_reached"`
	Fallbacks      int            `json:"fallbacks"`
	Evictions      int            `json:"evictions"`
	Captures       int            `json:"captures"`
	CompileMs      float64        `json:"compile_ms"`
	Groups         []CounterGroup `json:"groups"`
	Checks         []CheckCount   `json:"checks"`
	Engine         map[string]any `json:"engine,omitempty"` // the engine's own counters, last generation
}

// CounterGroup counts one strategy of one worker generation.
type CounterGroup struct {
	Generation int `json:"generation"`
	protocol.Counter
}

// CheckCount sums up the comparison of outputs of one mode in one worker
// generation.
type CheckCount struct {
	Generation int `json:"generation"`
	protocol.Checks
}

func (c *proof) evidenceFile() *EvidenceFile {
	f := &EvidenceFile{Schema: "tailscope.evidence/1", Modes: map[string]Judged{}, Executables: append([]EvidenceRecord{}, c.evidence...),
		Refusals: []protocol.Refusal{}}
	for i, n := range c.modeRows {
		if n > 0 {
			f.Modes[stats.Mode(i).String()] = c.judge(stats.Mode(i))
		}
	}
	return f
}

// counterFile sums up the counters of a mode.
func (c *proof) counterFile(mode stats.Mode, limit int) *CounterFile {
	f := &CounterFile{Schema: "tailscope.counters/1", RecompileLimit: limit, Groups: c.groups(mode.String()), Checks: []CheckCount{}}
	for _, k := range f.Groups {
		if k.Generation == c.generation() {
			f.UniqueGraphs += k.UniqueGraphs
		}
		f.Compiles += k.Compiles
		f.Recompiles += k.Recompiles
		f.Fallbacks += k.Fallbacks
		f.Evictions += k.Evictions
		f.Captures += k.Captures
		f.CompileMs += float64(k.CompileNs) / 1e6
		f.LimitReached = f.LimitReached || k.LimitReached
		f.RecompileLimit = max(f.RecompileLimit, k.RecompileLimit)
	}
	for i := range c.counters {
		g := &c.counters[i]
		f.Checks = append(f.Checks, CheckCount{g.Generation, c.checks(g.Counters.Checks, mode)})
		f.Engine = g.Engine
	}
	return f
}

// checks are those of one mode. Sums over several modes are nobody's own: a
// sentence stands in their place.
func (c *proof) checks(all protocol.Checks, mode stats.Mode) protocol.Checks {
	modes := 0
	for _, n := range c.modeRows {
		if n > 0 {
			modes++
		}
	}
	if all.Modes != nil || modes < 2 || all.N == 0 {
		return all.Of(mode.String())
	}
	return protocol.Checks{Tolerance: all.Tolerance,
		Skipped: fmt.Sprintf("the engine does not say in which mode it compared outputs: over all modes %d of %d differ", all.Failed, all.N)}
}

// judge holds the evidence of a mode's whole session against the rule.
func (c *proof) judge(mode stats.Mode) Judged {
	f := c.counterFile(mode, 0)
	n := c.modeRows[mode]
	ev := stats.Evidence{AA: n > 0 && n == c.aaRows[mode], Compiles: f.Compiles + f.Recompiles, Fallbacks: f.Fallbacks}
	ev.Counted, ev.Eager = ev.Compiles > 0, c.optimizedRows[mode] > 0 && c.eagerRows[mode] == c.optimizedRows[mode]
	if f.LimitReached {
		ev.Full = f.RecompileLimit
	}
	for i := range c.evidence {
		if e := &c.evidence[i]; e.Mode == mode.String() && e.Lane == stats.Optimized.String() {
			ev.Executables = append(ev.Executables, e.Backend())
		}
	}
	real, why := stats.CompilerReal(&ev)
	return Judged{real, why}
}

// compileBlock is what a run file of the optimized lane says.
func (c *proof) compileBlock(m *Manifest, mode stats.Mode, generation int) *CompileBlock {
	b := &CompileBlock{BackendRequested: m.Engine.Backends[stats.Optimized.String()]}
	for i := range c.evidence {
		e := &c.evidence[i]
		if e.Generation != generation || e.Mode != mode.String() || e.Lane != stats.Optimized.String() {
			continue
		}
		b.BackendRequested, b.Backend = e.BackendRequested, e.BackendActual
		if e.FallbackFrom != "" {
			b.FallbackFrom, b.FallbackError = &e.FallbackFrom, &e.FallbackError
		}
	}
	b.counters(c.groups(mode.String()), generation, m.Engine.Backends[stats.Eager.String()])
	for i := range c.counters {
		if g := &c.counters[i]; g.Generation == generation && b.Counters != nil {
			b.Dynamo = g.Engine
		}
	}
	return b
}

func (b *CompileBlock) counters(groups []CounterGroup, generation int, eager string) {
	unique, compiles, fallbacks, limit := 0, 0, 0, false
	for _, k := range groups {
		if k.Generation == generation {
			unique += k.UniqueGraphs
			compiles += k.Compiles + k.Recompiles
			fallbacks += k.Fallbacks
			limit = limit || k.LimitReached
		}
	}
	if compiles == 0 {
		return
	}
	b.Counters = map[string]any{"unique_graphs": unique, "compiles": compiles, "fallbacks": fallbacks, "limit_reached": limit}
	if fallbacks > 0 && b.FallbackFrom == nil {
		from, why := b.Backend, fmt.Sprintf("%d requests ran on %s", fallbacks, eager)
		b.FallbackFrom, b.FallbackError = &from, &why
	}
}

// summary is summary.json of a mode, with the verdict on what the evidence
// says about compiling.
func (c *Collected) summary(mode stats.Mode) *stats.SummaryFile {
	j := c.judge(mode)
	c.Analysis.SetCompilerReal(mode, j.CompilerReal, j.Why)
	n, failed, most := 0, 0, 0.
	for _, k := range c.counterFile(mode, 0).Checks {
		n, failed, most = n+k.N, failed+k.Failed, max(most, k.MaxRelL2)
	}
	c.Analysis.SetChecks(mode, n, failed, most)
	f := c.Analysis.Finish(mode)
	c.addEnergy(mode, f)
	return f
}

// addEnergy says what a lane's requests cost, in the group of all of them.
func (c *Collected) addEnergy(mode stats.Mode, f *stats.SummaryFile) {
	for g := range f.Over("*") {
		lane, err := stats.ParseLane(g.Lane)
		if err != nil {
			continue
		}
		j := c.energy.Of(mode, lane)
		g.EnergyJ, g.EnergyLoJ, g.EnergyHiJ = stats.Num(j.Request), stats.Num(j.Lo), stats.Num(j.Hi)
		g.EnergyPer1kTokens, g.EnergyBlocks = stats.Num(j.Per1kTokens), j.Blocks
	}
}
