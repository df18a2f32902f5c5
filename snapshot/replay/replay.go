package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// Player plays one session. Its goroutine owns every field.
type Player struct {
	rec      *folder.Session
	views    chan view.View
	commands <-chan view.Command

	st      *state
	cursor  *cursor
	about   int64 // an instant of the session, negative: not known
	startNs int64 // instant of position 0
	lenNs   int64
	posNs   int64
	speed   float64
	playing bool
	behind  bool // records up to the position are still to be taken in
	burst   int  // records taken in at one tick at most, so that keys stay alive
	damage  string
	mode    string // chosen by the user; "" follows the session
	window  time.Duration
}

// Periods of the player's clockwork.
const (
	tick    = 100 * time.Millisecond
	refresh = time.Second // a running journal is looked at again
	burst   = 200_000
)

// New prepares the replay of a session. It reads the records once to learn
// how long they are.
func New(rec *folder.Session, views chan view.View, commands <-chan view.Command) (*Player, error) {
	p := &Player{rec: rec, views: views, commands: commands, speed: 1, playing: true, window: 10 * time.Second, burst: burst}
	if err := p.measure(); err != nil {
		return nil, err
	}
	p.rewind()
	return p, nil
}

// FirstMinute is a position to begin at: the end of the minute after the first
// thing that happened once measuring had begun, or the end of a shorter session.
func (p *Player) FirstMinute() time.Duration {
	defer p.rewind()
	first := int64(0)
	for r := p.cursor.peek(); r != nil; r = p.cursor.peek() {
		p.cursor.next()
		if r.Kind == journal.KindEvent && r.Event.TNs > p.startNs && slices.Contains(telling, r.Event.Kind) {
			first = r.Event.TNs - p.startNs
			break
		}
	}
	return time.Duration(min(first+int64(time.Minute), p.lenNs))
}

// telling are the events worth beginning at.
var telling = []stats.Kind{stats.KindCompile, stats.KindRecompile, stats.KindGraphCapture, stats.KindToggle, stats.KindFallback, stats.KindLimitReached, stats.KindThrottle}

// At is what the session knew at a position; beyond its end, at the end.
func At(rec *folder.Session, pos time.Duration) (view.View, error) {
	p, err := New(rec, make(chan view.View, 1), nil)
	if err != nil {
		return view.View{}, err
	}
	defer func() { p.cursor.stop() }()
	p.playing = false
	p.seek(int64(pos))
	for p.behind {
		p.advance()
	}
	p.publish()
	return <-p.views, nil
}

// measure finds the first and the last instant.
func (p *Player) measure() error {
	first, last := int64(-1), int64(0)
	if err := p.settle(); err != nil {
		return err
	}
	damage, err := p.rec.Records(func(r *journal.Record) error {
		t, ok := p.instant(r)
		if !ok {
			return nil
		}
		if first < 0 || t < first {
			first = t
		}
		last = max(last, t)
		return nil
	})
	if err != nil {
		return err
	}
	if first < 0 {
		return fmt.Errorf("%s holds nothing to replay", p.rec.Dir)
	}
	// An imported result begins at 0; else 0 says that the instant was lost.
	if m := p.rec.Manifest; m != nil && (m.StartNs > 0 || m.State == folder.StateImported) && m.StartNs <= first {
		first = m.StartNs
	}
	p.startNs, p.lenNs, p.damage = first, max(last-first, 1), describe(damage)
	return nil
}

// longest is how far from the middle of the first samples an instant can lie;
// what claims to be farther off is shown with what stands beside it.
const longest = int64(1000 * time.Hour)

// settle finds about when the session was: the middle one of the first samples'
// instants, so that a few that cannot be decide nothing.
func (p *Player) settle() error {
	var seen []int64
	_, err := p.rec.Records(func(r *journal.Record) error {
		if r.Kind == journal.KindSample {
			seen = append(seen, r.Sample.StartNs)
		}
		if len(seen) >= 1001 {
			return errStop
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return err
	}
	slices.Sort(seen)
	if p.about = -1; len(seen) > 0 {
		p.about = seen[len(seen)/2]
	}
	return nil
}

// instant is when a record became known, and whether that can be.
func (p *Player) instant(r *journal.Record) (int64, bool) {
	t, ok := instant(r)
	far := p.about >= 0 && (t < p.about-longest || t-longest > p.about)
	return t, ok && t >= 0 && !far
}

// describe says what could not be read, or nothing.
func describe(d journal.Damage) string {
	if d.Frames == 0 && !d.Torn {
		return ""
	}
	return fmt.Sprintf("part of the journal cannot be read: %d samples, %d bytes", d.Samples, d.Bytes)
}

// instant is when a record became known, and whether it has an instant.
func instant(r *journal.Record) (int64, bool) {
	switch r.Kind {
	case journal.KindSample:
		return r.Sample.StartNs + r.Sample.WallNs, true
	case journal.KindEvent:
		return r.Event.TNs, true
	case journal.KindTelemetry:
		return r.Telemetry.TNs, true
	}
	return 0, false
}

// rewind starts again from the first record.
func (p *Player) rewind() {
	if p.cursor != nil {
		p.cursor.stop()
	}
	p.cursor = newCursor(p.rec)
	p.st = newState(p.rec, p.startNs)
	if p.window > 0 {
		p.st.coll.SetWindow(int64(p.window))
	}
}

// Run plays until ctx ends or the user quits, then closes nothing: the
// channel of views belongs to the caller.
func (p *Player) Run(ctx context.Context) {
	defer func() { p.cursor.stop() }()
	t := time.NewTicker(tick)
	defer t.Stop()
	r := time.NewTicker(refresh)
	defer r.Stop()
	p.advance()
	p.publish()
	for {
		select {
		case <-ctx.Done():
			return
		case c, ok := <-p.commands:
			if !ok || c.Action == view.ActQuit {
				return
			}
			p.command(c)
			p.publish()
		case <-t.C:
			if p.playing {
				p.posNs = min(p.posNs+int64(float64(tick)*p.speed), p.lenNs)
			}
			if p.playing || p.behind {
				p.advance()
				p.publish()
			}
		case <-r.C:
			p.follow()
		}
	}
}

// follow looks for what a session that still runs has added.
func (p *Player) follow() {
	if !p.rec.Journal || p.posNs < p.lenNs {
		return
	}
	again, err := snapshot.Open(p.rec.Dir)
	if err != nil {
		return // being finished: next time
	}
	pos := p.posNs
	old := p.rec
	p.rec = again
	if p.measure() != nil {
		p.rec = old
		return
	}
	if p.lenNs > pos {
		p.rewind()
		p.posNs = pos
		p.advance()
	}
}

// command carries out a wish of the user.
func (p *Player) command(c view.Command) {
	switch c.Action {
	case view.ActReplayPlay, view.ActPause:
		p.playing = !p.playing
		if p.playing && p.posNs >= p.lenNs {
			p.seek(0)
		}
	case view.ActReplaySeek:
		p.seek(int64(c.D))
	case view.ActReplayRate:
		p.speed = min(max(c.X, 1.0/16), 1024)
	case view.ActWindow:
		p.window = c.D
		p.st.coll.SetWindow(int64(c.D))
	case view.ActFind:
		p.st.found = p.st.kept.Find(c.Find)
	case view.ActMode:
		p.mode = p.st.nextMode(p.mode)
	}
}

// seek goes to a position: forwards by taking records in, backwards from the
// start.
func (p *Player) seek(pos int64) {
	pos = min(max(pos, 0), p.lenNs)
	if pos < p.posNs {
		p.rewind()
	}
	p.posNs = pos
	p.advance()
}

// advance takes in every record up to the position.
func (p *Player) advance() {
	limit := p.startNs + p.posNs
	p.behind = false
	for range p.burst {
		r := p.cursor.peek()
		if r == nil {
			return
		}
		if t, ok := p.instant(r); ok && t > limit {
			return
		}
		p.st.take(r)
		p.cursor.next()
	}
	p.behind = true
}

// publish replaces an unread view.
func (p *Player) publish() {
	v := p.st.view(p.startNs+p.posNs, p.mode)
	v.Replay = &view.Replay{PosNs: p.posNs, LenNs: p.lenNs, Speed: p.speed, Playing: p.playing}
	v.Status, v.Session.Window = p.damage, p.window
	if !p.playing {
		v.Phase = view.PhasePaused
	}
	if p.posNs >= p.lenNs {
		v.Phase = view.PhaseDone
	}
	select {
	case <-p.views:
	default:
	}
	p.views <- v
}
