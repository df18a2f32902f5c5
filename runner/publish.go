package runner

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/heat"
	"github.com/tailscope/tailscope/stats/kept"
)

// publisher is what the session tells about itself, and to whom.
type publisher struct {
	views   chan view.View // capacity 1, newest wins; nil: nobody looks
	dropped uint64
	window  time.Duration // of the sliding window; 0: the segment
	notices []view.Notice
	found   *kept.Found // answer to the last ActFind
	exports []string
	cost    worker.Meter
	live    stats.Live
	liveNs  int64  // when live was computed
	liveSeq uint64 // samples in it
	inForce string // strategy of the segment whose figures are shown
	aa      bool   // it is A/A
	shown   shown
}

// maxNotices bounds the status lines kept for the screen.
const maxNotices = 20

func (p *publisher) notice(level, text string) {
	n := append(p.notices, view.Notice{TNs: clock.Monotonic(), Level: level, Text: text})
	if len(n) > maxNotices {
		n = slices.Clone(n[len(n)-maxNotices:])
	}
	p.notices = n
}

// segment says what is in force from now on; figures of what was are shown no
// more.
func (p *publisher) segment(strategy string, aa bool) {
	p.inForce, p.aa = strategy, aa
	p.shown.figuresNs, p.liveNs = 0, 0
}

// behind reports whether the last view is still unread.
func (p *publisher) behind() bool { return len(p.views) == cap(p.views) }

// send replaces an unread view: newest wins, and the loss is counted.
func (p *publisher) send(v view.View) {
	select {
	case <-p.views:
		p.dropped++
	default:
	}
	p.views <- v
}

// loadingPrefix begins what an engine tells of before it is loaded.
const loadingPrefix = "loading: "

// phaseNow is where the session stands: a pause, or requests that all fail, hide
// the phase that it goes on with.
func (s *Session) phaseNow() view.Phase {
	goes := s.phase == view.PhaseStarting || s.phase == view.PhaseWarmup || s.phase == view.PhaseRunning
	if goes && (s.paused || s.failing.why != "") {
		return view.PhasePaused
	}
	return s.phase
}

// statusNow is what happens: what the worker has been doing for long, else what
// the session is about.
func (s *Session) statusNow(d view.Doing) string {
	doing := d.String()
	switch {
	case doing == "" && s.status == "" && s.phaseNow() == view.PhaseWarmup:
		return "warming up"
	case doing == "" || s.phase == view.PhaseFailed:
		return s.status
	case s.end != nil:
		return s.status + "; " + doing
	case d.What == view.WorkLoad && strings.HasPrefix(s.status, loadingPrefix):
		return doing + ": " + strings.TrimPrefix(s.status, loadingPrefix)
	}
	return doing
}

// publish sends a view. Without force it skips while the last one is unread
// and nothing but time has passed: the next will be newer.
func (s *Session) publish(force bool) {
	if s.pub.views != nil && (force || !s.pub.behind()) {
		s.pub.send(s.view(force))
	}
}

// Figures, events and the map are renewed a few times a second while that takes
// no more than a share of a core, and less often where it would take more; in
// between, views repeat them. While nothing is measured only the window
// moves on.
const (
	figuresShare = 0.01
	oftenShown   = 200 * time.Millisecond // who reads figures reads no more
	slowestShown = time.Second / 2
	stillEvery   = time.Second
	eventsOnceIn = 100 * time.Millisecond
	clockOnceIn  = 200 * time.Millisecond // what the worker is at, and for how long
	firstOnceIn  = 50 * time.Millisecond  // the same until there is a sample
)

// newsIn is how long it takes until a view shows something that the last did
// not.
func (s *Session) newsIn(now int64) time.Duration {
	p := &s.pub.shown
	due := p.viewNs + int64(clockOnceIn)
	switch {
	case s.rec.seq == 0:
		due = p.viewNs + int64(firstOnceIn)
	case s.rec.seq != s.pub.liveSeq:
		due = min(due, p.figuresNs+int64(s.figuresAge(false)))
	}
	if s.rec.events.Num() != p.num {
		due = min(due, p.eventsNs+int64(eventsOnceIn))
	}
	return time.Duration(max(due-now, 0))
}

// shown is what views repeat until it is renewed.
type shown struct {
	figuresNs, eventsNs int64
	viewNs              int64         // of the last view
	cost                time.Duration // of the last renewal
	heat                heat.View
	events              []stats.Event
	num                 int
}

// figuresAge is how old the figures of a view may be.
func (s *Session) figuresAge(now bool) time.Duration {
	switch {
	case now:
		return 0
	case s.rec.seq == s.pub.liveSeq:
		return stillEvery
	}
	return max(oftenShown, min(time.Duration(float64(s.pub.shown.cost)/figuresShare), slowestShown))
}

// renew makes what views show up to age old, at most.
func (s *Session) renew(now int64, age time.Duration) *shown {
	p := &s.pub.shown
	if now-p.figuresNs >= int64(age) {
		p.cost = sys.Cost(func() {
			s.liveNow(now, age)
			p.figuresNs, p.eventsNs = now, 0
			if mode, err := stats.ParseMode(s.queue.mode()); err == nil {
				p.heat = s.rec.heat.View(mode)
				s.bands.start(s.rec.coll, mode, s.rec.seg, now, s.startNs)
			}
		})
	}
	if now-p.eventsNs >= int64(eventsOnceIn) {
		p.events, p.num, p.eventsNs = s.rec.events.List(), s.rec.events.Num(), now
	}
	return p
}

// view copies the state of the session, with figures of this moment if now.
func (s *Session) view(figures bool) view.View {
	now := clock.Monotonic()
	p := s.renew(now, s.figuresAge(figures))
	p.viewNs = now
	shown := s.sessionView()
	v := view.View{NowNs: now, StartNs: s.startNs, Phase: s.phaseNow(),
		Session: shown, Self: s.selfView(now), GPU: s.gpuNow.view(now, shown.Mode),
		Stats: s.pub.live, FiguresNs: p.figuresNs, Heat: p.heat, NumEvents: p.num, Events: p.events, Notices: slices.Clone(s.pub.notices), Exports: slices.Clone(s.pub.exports)}
	v.Progress, v.Left = s.progress(now)
	v.Doing = s.doing(now)
	v.Status = s.statusNow(v.Doing)
	v.Failing, v.Warming = s.failing.why, s.queue.warming()
	v.Found = s.pub.found
	id := s.identity()
	for l := range v.Lanes {
		v.Lanes[l] = id.Lane(stats.Lane(l))
	}
	return v
}

func (s *Session) sessionView() view.Session {
	c := s.cfg
	v := view.Session{RunID: s.o.RunID, Dir: s.o.Dir, Model: c.Model, Engine: c.Engine, ProviderAsked: c.Provider,
		Mode: s.queue.mode(), Strategy: s.pub.inForce, Asked: s.set.strategy.Label(s.queue.mode()), Stance: s.eng.stance(s.cfg.Options["stance"]), EagerInputs: c.EagerInputs, Scenarios: cmp.Or(s.set.scenario, "*"),
		Pairing: s.set.pairing, Rate: c.Rate, SLO: c.SLO.D(), Seed: c.Seed, Generation: s.rec.gen, Segment: s.rec.seg,
		Threads: c.Threads, AA: s.pub.aa, Until: c.Until, Window: s.pub.window}
	if v.Strategy == "" || v.Strategy == v.Asked {
		v.Strategy, v.Asked = v.Asked, ""
	}
	if v.Observed = s.observes(); v.Observed { // none of it is asked for
		v.Pairing, v.EagerInputs, v.ProviderAsked = view.NotAskedFor, "", ""
	}
	if s.eng.hello != nil {
		v.Engine = s.eng.hello.Engine + " " + s.eng.hello.Version
		v.Lacks = s.eng.hello.Lacks
	}
	if s.eng.loaded != nil {
		v.Provider, v.Device, v.Threads = s.eng.loaded.Provider, s.eng.loaded.Device, s.eng.loaded.Threads
		for _, r := range s.eng.loaded.Refusals {
			v.Refusals = append(v.Refusals, r.Provider+": "+r.Reason)
		}
	}
	return v
}

func (s *Session) selfView(now int64) view.Self {
	v := view.Self{Dropped: s.pub.dropped, Samples: s.rec.seq, CreditInUse: s.join.outstanding}
	pid := 0
	if s.eng.proc != nil {
		pid = s.eng.proc.PID()
	}
	m := &s.pub.cost
	m.Read(now, pid)
	v.CPUPercent, v.RSSBytes, v.WorkerRSS, v.WorkerCPU = m.Percent, m.RSS, m.WorkerRSS, m.WorkerPercent
	v.GPUPoll = time.Duration(s.gpuNow.last.CostNs)
	if s.o.FrameNs != nil {
		v.RenderP99 = time.Duration(s.o.FrameNs())
	}
	return v
}

// progress is the share of the run that is done, NaN if it has no end, and
// the time left.
func (s *Session) progress(now int64) (float64, time.Duration) {
	if s.startNs == 0 {
		return math.NaN(), 0
	}
	spent := float64(now - s.startNs)
	done := math.NaN()
	if d := s.cfg.Duration.D(); d > 0 {
		done = spent / float64(d)
	}
	if p := s.queue.plans[s.queue.mode()]; p != nil && p.Total() > 0 {
		n := float64(len(s.cfg.Modes))
		in := float64(p.Taken()-len(s.join.pending)) / float64(p.Total())
		byPlan := (n - float64(len(s.queue.modes)) + max(in, 0)) / n
		if !(done > byPlan) {
			done = byPlan
		}
	}
	if math.IsNaN(done) {
		return done, 0
	}
	done = min(max(done, 0), 1)
	if done < 0.02 {
		return done, 0
	}
	return done, time.Duration(spent / done * (1 - done))
}

// reportStatus tells a headless caller how far the run is, and lets the stop
// rule look.
func (s *Session) reportStatus() {
	loaded := s.eng.loaded != nil
	if loaded && s.until != nil && s.end == nil {
		s.checkUntil()
	}
	if s.o.OnStatus == nil {
		return
	}
	now := clock.Monotonic()
	p := Progress{Phase: s.phaseNow(), Status: s.statusNow(s.doing(now)), Done: -1}
	if loaded {
		s.figures(&p, now)
	}
	s.o.OnStatus(p)
}

// figures says how far the current mode is, and what it came to.
func (s *Session) figures(p *Progress, now int64) {
	p.Mode = s.queue.mode()
	if done, left := s.progress(now); !math.IsNaN(done) {
		p.Done, p.Left = done, left
	}
	live := s.liveNow(now, time.Second)
	for l := range live.Lanes {
		sum := live.Lanes[l].Session
		p.Samples[l], p.P50[l], p.P99[l] = live.Total[l], sum.P50.Value, sum.P99.Value
	}
}

// liveNow returns a live summary that is at most maxAge old.
func (s *Session) liveNow(now int64, maxAge time.Duration) stats.Live {
	if mode, err := stats.ParseMode(s.queue.mode()); err == nil && now-s.pub.liveNs >= int64(maxAge) {
		s.feedStats()
		s.pub.live, s.pub.liveNs, s.pub.liveSeq = s.rec.coll.Live(mode, now), now, s.rec.seq
	}
	return s.pub.live
}

// checkUntil ends the run when its stop rule holds.
func (s *Session) checkUntil() {
	live := s.liveNow(clock.Monotonic(), time.Second)
	if s.set.pairing == "sequential" && slices.ContainsFunc(s.eng.lanes(), func(l stats.Lane) bool { return live.Lanes[l].Segment.N == 0 }) {
		return // one lane has not had its turn
	}
	if ok, why := s.until.Done(&live); ok {
		s.rec.event(stats.Event{Kind: stats.KindMark, Reason: "stop rule: " + why})
		s.finish("until")
	}
}
