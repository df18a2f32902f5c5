package replay

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/heat"
	"github.com/tailscope/tailscope/stats/kept"
	"github.com/tailscope/tailscope/stats/live"
)

// state is the session as it stood at one instant.
type state struct {
	coll    *live.Collector
	m       *folder.Manifest
	heat    heat.Modes
	kept    kept.Kept
	found   *kept.Found
	id      runner.Identity
	session view.Session
	events  view.Recent
	samples uint64
	segment int32
	live    bool // the records come from a journal: counters stand where they were taken
	labels  map[int32]string
	made    [stats.NumModes][stats.NumLanes]made
	modes   []string
	gpu     gpuPast
	startNs int64
}

// made counts the requests that tell of a compile, warm-ups too.
type made struct {
	n  int
	ns int64
}

// newState is the session before its first record.
func newState(rec *folder.Session, startNs int64) *state {
	st := &state{m: rec.Manifest, startNs: startNs, labels: map[int32]string{}, segment: -1, live: rec.Journal}
	m := rec.Manifest
	set := m.Settings
	st.session = view.Session{RunID: m.RunID, Dir: rec.Dir, Model: m.Model.Name, Engine: strings.TrimSpace(m.Engine.Name + " " + m.Engine.Version),
		ProviderAsked: m.Engine.ProviderAsked, Provider: m.Engine.Provider, Device: m.Engine.Device, EagerInputs: set.EagerInputs,
		Pairing: set.Pairing, Rate: set.RatePerS, Seed: set.Seed, Threads: m.Engine.Threads, AA: set.AA, Strategy: set.Strategy, Scenarios: "*"}
	if st.session.Observed = set.Observed; set.Observed {
		st.session.Pairing, st.session.EagerInputs, st.session.ProviderAsked = view.NotAskedFor, "", ""
	}
	for _, r := range m.Engine.Refusals {
		st.session.Refusals = append(st.session.Refusals, r.Provider+": "+r.Reason)
	}
	st.id = runner.Identity{Limit: set.RecompileLimit, AA: set.AA, Strategies: map[string][]string{"decode": {"padded", "bucketed"}}}
	if len(set.Modes) > 0 {
		st.id.Mode = set.Modes[0]
	}
	st.setStrategy(set.Strategy)
	st.coll = live.New(live.Options{SLONs: set.SLONs, Share: stats.SessionShare})
	st.coll.SetBucketEdges(edges(rec))
	for name, n := range set.Noise {
		if mode, err := stats.ParseMode(name); err == nil {
			st.coll.SetNoise(mode, n)
		}
	}
	return st
}

// edges are the bucket edges of the configuration, nil when it has none.
func edges(rec *folder.Session) []int {
	var c configs.Config
	b, err := rec.Config()
	if err != nil || configs.Read(b, &c) != nil {
		return nil
	}
	return c.BucketEdges
}

func (st *state) setStrategy(word string) {
	if s, err := plan.ParseStrategy(word); err == nil {
		st.id.Strategy = s
	}
}

func (st *state) take(r *journal.Record) {
	switch r.Kind {
	case journal.KindSample:
		st.sample(r)
	case journal.KindEvent:
		st.event(r.Event)
	case journal.KindTelemetry:
		st.gpu.take(r.Telemetry)
		if t := r.Telemetry; t.Why == "" {
			st.heat.AddGPU(t.TNs, t.SMClockMHz.OrNaN(), t.PowerMilliwatts.OrNaN()/1e3)
		}
	case journal.KindEvidence:
		st.id.Evidence = append(st.id.Evidence, r.Evidence)
	case journal.KindCounters:
		if st.live { // in a finished folder they are those of the end, whatever the position
			st.id.Counters.Checks = r.Counters.Checks
		}
	case journal.KindLoaded:
		l := r.Loaded
		st.id.Loaded = &l
		st.session.Provider, st.session.Device, st.session.Model = l.Provider, l.Device, l.Model.Name
	}
}

// count keeps the state of the compile cache as it was at this instant.
func (st *state) count(e stats.Event) {
	switch e.Kind {
	case stats.KindCompile, stats.KindRecompile, stats.KindEvict, stats.KindLimitReached:
	case stats.KindWorkerRestart:
		st.id.Counters.Groups = nil
		return
	case stats.KindFallback:
		if e.Request == nil {
			return
		}
	default:
		return
	}
	g := st.group(e.Mode, e.Strategy)
	switch e.Kind {
	case stats.KindCompile:
		g.Compiles, g.UniqueGraphs, g.CompileNs = g.Compiles+1, g.UniqueGraphs+1, g.CompileNs+e.DurNs
	case stats.KindRecompile:
		g.Recompiles, g.UniqueGraphs, g.CompileNs = g.Recompiles+1, g.UniqueGraphs+1, g.CompileNs+e.DurNs
	case stats.KindEvict:
		g.Evictions, g.UniqueGraphs = g.Evictions+1, max(g.UniqueGraphs-1, 0)
	case stats.KindLimitReached:
		g.LimitReached = true
	case stats.KindFallback:
		g.Fallbacks++
	}
	st.coll.SetGauge(live.GaugeInput{Mode: g.Mode, Strategy: g.Strategy, Used: g.UniqueGraphs, Limit: g.RecompileLimit,
		Reached: g.LimitReached, Compiles: g.Compiles + g.Recompiles, WorkerStarts: int(st.session.Generation)})
}

func (st *state) group(mode, strategy string) *protocol.Counter {
	groups := st.id.Counters.Groups
	i := slices.IndexFunc(groups, func(g protocol.Counter) bool { return g.Mode == mode && g.Strategy == strategy })
	if i < 0 {
		groups = append(groups, protocol.Counter{Mode: mode, Strategy: strategy, RecompileLimit: st.id.Limit})
		i = len(groups) - 1
	}
	st.id.Counters.Groups = groups
	return &groups[i]
}

func (st *state) sample(r *journal.Record) {
	smp := r.Sample
	if smp.Segment > st.segment {
		st.segment = smp.Segment
		st.coll.NewSegment(smp.Segment, cmp.Or(st.labels[smp.Segment], smp.Strategy), st.id.AA, smp.StartNs)
		st.setStrategy(smp.Strategy)
	}
	if smp.Segment == st.segment { // one that came late says nothing of what is in force
		st.session.Generation, st.session.Segment = smp.Generation, smp.Segment
		st.session.Strategy = smp.Strategy
	}
	if st.id.Mode = smp.Mode.String(); !slices.Contains(st.modes, st.id.Mode) {
		st.modes = append(st.modes, st.id.Mode)
	}
	if st.samples++; smp.CompileNs > 0 {
		m := &st.made[smp.Mode][smp.Lane&1]
		m.n, m.ns = m.n+1, m.ns+smp.CompileNs
	}
	st.coll.Add(&smp)
	st.heat.Add(&smp)
	st.kept.Add(&smp)
	if len(r.Steps) > 0 && smp.Counts() {
		st.coll.AddSteps(&smp, r.Steps)
	}
}

// event keeps an event for the list; derived ones are in the record already.
func (st *state) event(e stats.Event) {
	st.coll.AddEvent(&e)
	st.heat.AddEvent(&e)
	st.count(e)
	st.events.Add(e)
	if e.Kind != stats.KindSegment {
		return
	}
	if label, ok := e.Extra["label"].(string); ok {
		st.labels[e.Segment] = label
	}
	if aa, ok := e.Extra["aa"].(bool); ok {
		st.id.AA, st.session.AA = aa, aa
	}
	if s, ok := e.Extra["strategy"].(string); ok {
		st.setStrategy(s)
	}
	if p, ok := e.Extra["pairing"].(string); ok {
		st.session.Pairing = p
	}
}

// nextMode is the mode behind the one shown, of those the session has run.
func (st *state) nextMode(now string) string {
	now = cmp.Or(now, st.id.Mode)
	if i := slices.Index(st.modes, now); len(st.modes) > 0 {
		return st.modes[(i+1)%len(st.modes)]
	}
	return now
}

// view copies the state at an instant; mode "" is the session's own.
func (st *state) view(now int64, mode string) view.View {
	mode = cmp.Or(mode, st.id.Mode)
	id := st.id
	id.Mode = mode
	v := view.View{NowNs: now, StartNs: st.startNs, Phase: view.PhaseRunning, Session: st.session,
		NumEvents: st.events.Num(), Events: st.events.List(), GPU: st.gpu.view(now)}
	v.Session.Mode = mode
	v.Self.Samples = st.samples
	lane := id.Lane(stats.Optimized)
	st.coll.SetFacts(stats.Facts{CompilerReal: lane.CompilerReal, Why: lane.Why, Strategy: st.session.Strategy,
		Checks: lane.Checks, Diverged: lane.Diverged, MaxRelL2: lane.MaxRelL2})
	var made [stats.NumLanes]made
	if m, err := stats.ParseMode(mode); err == nil {
		v.Stats, v.Heat, v.Found, made = st.coll.Live(m, now), st.heat.View(m), st.found, st.made[m]
	}
	for l := range v.Lanes {
		v.Lanes[l] = id.Lane(stats.Lane(l))
		if st.m.State == folder.StateImported { // which lane a label stands in decides nothing
			v.Lanes[l] = view.Lane{Label: st.m.Engine.Backends[stats.Lane(l).String()], CompilerReal: "unknown", Why: "a label, no evidence of what ran",
				Compiles: made[l].n, CompileNs: made[l].ns}
		}
	}
	return v
}
