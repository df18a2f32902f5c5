package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/paint"
	"github.com/tailscope/tailscope/tui/panels"
)

// model is the only tea.Model: it takes views and keys in, owns focus, time
// and layout, and lets the panels draw.
type model struct {
	in     intake
	out    outbox
	term   *paint.Terminal // that frames are painted on; nil: Bubble Tea does it
	o      Options
	table  []keyRow
	sc     panels.Scene
	newest *view.View
	past   history
	at     int // index into past while scrubbing, −1: now

	w, h     int
	lay      layout
	focus    panels.Slot
	panels   []panels.Panel
	help     bool
	output   bool // what the program printed is open
	found    bool // the list of samples is open
	prompt   prompt
	colours  draw.Colours
	dark     bool
	scopeAt  int // index into scopes
	received time.Time
	now      func() time.Time

	rev   uint64 // grows with everything that may change the picture
	drawn uint64 // rev of the cached frame
	frame string
	rows  []rowBuf // memory of the last frame's rows, used again
	buf   []byte

	suspended chan struct{} // closed when the screen is back; nil: it is there
	left      time.Time     // when it was given up

	every   time.Duration // between views, see pace
	lastCPU float64       // percent of a core, as last read
	asked   time.Time     // when something was asked of the session last
}

func newModel(views <-chan view.View, out outbox, done <-chan struct{}, o Options) *model {
	m := &model{in: intake{views, o.Want, make(chan struct{}, 1), done}, out: out, o: o, table: keyTable, at: -1, dark: o.Theme != "light", now: time.Now, focus: panels.SlotVerdict}
	m.scopeAt = segmentScope
	m.sc = panels.Scene{V: &view.View{}, Picked: -1, Screen: 1, Scroll: map[panels.Slot]int{}, Sel: map[panels.Slot]int{}, Sort: map[panels.Slot]int{}}
	m.sc.ASCII = o.ascii()
	m.profile(colorprofile.TrueColor)
	m.newest = m.sc.V
	m.newest.Progress = panels.Nan
	m.panels = panels.NewPanels(&m.sc)
	m.sc.Screens, m.sc.Hints = screenNames(), m.hints()
	m.rev = 1
	return m
}

func (m *model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.in.wait(time.Time{}), tick(m.in.done)}
	asks := m.o.Theme == "" && !m.o.mono()
	switch {
	case m.term != nil && asks: // the terminal takes keys raw by now
		m.term.Enter(ansi.RequestBackgroundColor)
	case m.term != nil:
		m.term.Enter("")
	case asks:
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	if m.o.forceSync() {
		cmds = append(cmds, syncOutput)
	}
	return tea.Batch(cmds...)
}

func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.rev++
	switch msg := msg.(type) {
	case viewMsg:
		return m, m.take(msg.v)
	case streamEndedMsg:
		m.sc.Ended = true
		m.sc.Hints = m.hints()
	case tickMsg:
		return m, m.everySecond()
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.dark = msg.IsDark()
		m.sc.St = draw.NewStyles(m.dark, m.colours)
	case tea.ColorProfileMsg:
		m.profile(msg.Profile)
	case tea.ModeReportMsg:
		if m.term != nil && msg.Mode == ansi.ModeSynchronizedOutput && msg.Value == ansi.ModeReset {
			m.term.Synchronized()
		}
		m.rev--
	case tea.ResumeMsg:
		m.resumed()
	case tea.KeyPressMsg:
		cmd := m.key(msg)
		m.sc.Hints = m.hints()
		return m, cmd
	case tea.MouseClickMsg:
		return m, m.click(msg.X, msg.Y)
	case tea.MouseWheelMsg:
		m.wheel(msg)
	default:
		m.rev--
	}
	return m, nil
}

// profile takes in how many colours the terminal has.
func (m *model) profile(p colorprofile.Profile) {
	switch {
	case m.o.mono() || p <= colorprofile.ASCII:
		m.colours = draw.NoColour
	case p == colorprofile.ANSI || m.sc.ASCII: // ASCII has no blocks for a heat map
		m.colours = draw.FewColours
	default:
		m.colours = draw.FullColour
	}
	m.sc.St = draw.NewStyles(m.dark, m.colours)
}

// take accepts a new view and asks for the next one.
func (m *model) take(v *view.View) tea.Cmd {
	now := m.now()
	if sameFigures(m.newest, v) {
		m.rev--
	}
	m.newest, m.received = v, now
	m.past.Add(v)
	m.sc.Stale = 0
	if !m.looksBack() {
		m.show(v)
	} else {
		m.still(v)
	}
	m.sc.Hints = m.hints()
	m.readOutput()
	return m.in.wait(now.Add(m.pace(v.Self.CPUPercent)))
}

// looksBack reports whether the picture is of the past or frozen.
func (m *model) looksBack() bool { return m.at >= 0 || m.sc.Frozen }

// still leaves the picture as it is, of the past or frozen; only an answer that
// was waited for comes in.
func (m *model) still(v *view.View) {
	if v.Found == m.sc.V.Found {
		m.rev = m.drawn
		return
	}
	c := *m.sc.V
	c.Found = v.Found
	m.sc.V = &c
}

// SlowerAbove is the share of a core, in percent, above which the screen asks
// for fewer views, unless its pace is Steady.
const SlowerAbove = 4.5

// Between SlowerAbove and fasterBelow the pace stays as it is: the process as a
// whole is to stay under 5 % of a core.
const (
	fasterBelow = 3.5
	slowestPace = 500 * time.Millisecond
	pausedPace  = 250 * time.Millisecond // only readings move
	stillPace   = 2 * time.Second        // nobody sees the new ones yet: for the way back alone
	soonPace    = 50 * time.Millisecond  // something is waited for: the first sample, or for a while
	answerTime  = time.Second            // what was asked of the session
)

// sameFigures reports whether nothing that is shown differs between two views
// but the clock, which goes by seconds.
func sameFigures(a, b *view.View) bool {
	return a.FiguresNs != 0 && a.FiguresNs == b.FiguresNs && (a.NowNs-a.StartNs)/1e9 == (b.NowNs-b.StartNs)/1e9 &&
		a.NumEvents == b.NumEvents && a.Phase == b.Phase && a.Warming == b.Warming && a.Status == b.Status && a.Found == b.Found && len(a.Notices) == len(b.Notices) &&
		len(a.Exports) == len(b.Exports) && a.Session.Asked == b.Session.Asked && a.Session.Strategy == b.Session.Strategy && a.Session.AA == b.Session.AA && (a.Progress == b.Progress || a.Progress != a.Progress)
}

// pace is the time until the next view is wanted. It is the frame rate, until
// the process costs more than it should: what is measured has the right of
// way, so the screen asks for fewer views, step by step, and no view is made
// that nobody asked for. Keys are answered at once all the same.
func (m *model) pace(cpu float64) time.Duration {
	least := m.o.interval()
	switch {
	case m.now().Sub(m.asked) < answerTime, begins(m.newest):
		return min(least, soonPace)
	case m.looksBack():
		return stillPace
	case m.newest.Phase == view.PhasePaused:
		return max(least, pausedPace)
	case m.o.Steady || !draw.Finite(cpu):
		m.every = least
	case cpu == m.lastCPU: // the same reading
	case cpu > SlowerAbove:
		m.every = max(m.every, 150*time.Millisecond) * 5 / 4 // the session makes a few views a second anyway
	case cpu < fasterBelow:
		m.every = m.every * 9 / 10
	}
	m.lastCPU = cpu
	m.every = max(least, min(m.every, slowestPace))
	return m.every
}

// show makes v the view that panels draw, keeping the chosen event chosen.
func (m *model) show(v *view.View) {
	if i := m.sc.Picked; i >= 0 && i < len(m.sc.V.Events) {
		m.sc.Picked = findEvent(v.Events, m.sc.V.Events[i].TNs, m.sc.V.Events[i].Kind)
	}
	m.sc.V = v
}

// staleAfter is how long the session may be silent while it runs.
const staleAfter = 3 * time.Second

func (m *model) everySecond() tea.Cmd {
	m.readOutput()
	now := m.now()
	old, flash := m.sc.Stale, m.sc.Flash.Text
	m.sc.Stale = 0
	if !m.received.IsZero() && !m.sc.Ended && expectsViews(m.newest) {
		if d := now.Sub(m.received); d > staleAfter && !m.looksBack() {
			m.sc.Stale = d.Round(time.Second)
		}
	}
	if now.After(m.sc.Flash.Until) {
		m.sc.Flash = panels.Notice{}
	}
	if m.sc.Stale == old && m.sc.Flash.Text == flash {
		m.rev--
	}
	return tick(m.in.done)
}

// begins reports whether the first sample is about to come.
func begins(v *view.View) bool {
	return v.Self.Samples == 0 && v.Replay == nil && (v.StartNs == 0 || v.NowNs-v.StartNs < int64(5*time.Second))
}

func expectsViews(v *view.View) bool {
	return v.Replay == nil && (v.Phase == view.PhaseRunning || v.Phase == view.PhaseWarmup)
}

// say puts a sentence of the screen's own into the status line for a while.
func (m *model) say(level, text string) {
	m.sc.Flash = panels.Notice{Level: level, Text: text, Until: m.now().Add(5 * time.Second), At: m.newest.NowNs}
}

func (m *model) View() tea.View {
	if m.drawn != m.rev {
		d := sys.Cost(m.redraw)
		if m.o.OnFrame != nil {
			m.o.OnFrame(d)
		}
	}
	v := tea.NewView(m.content())
	v.AltScreen = true
	v.WindowTitle = "tailscope"
	if !m.o.Plain {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}

// redraw makes a frame and, where it is ours to do, shows it.
func (m *model) redraw() {
	m.frame, m.drawn = m.compose(), m.rev
	if m.term != nil {
		m.term.Show(m.frame, m.w, m.h)
	}
}

// content is what Bubble Tea draws: nothing that changes where we paint
// ourselves. It parses a whole frame and compares every cell, which cost more
// than all the rest of the screen.
func (m *model) content() string {
	if m.term != nil {
		return " "
	}
	return m.frame
}
