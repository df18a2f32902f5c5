package tui

import (
	"image"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
	"github.com/tailscope/tailscope/tui/timeline"
)

// press types keys by the names Bubble Tea gives them.
func press(m *model, keys ...string) {
	special := map[string]tea.KeyPressMsg{
		"left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
		"tab": {Code: tea.KeyTab}, "esc": {Code: tea.KeyEscape}, "space": {Code: tea.KeySpace, Text: " "}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl},
	}
	for _, k := range keys {
		msg, ok := special[k]
		if !ok {
			msg = tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
		}
		m.Update(msg)
	}
}

func asked(m *model) []view.Command {
	var out []view.Command
	for {
		select {
		case c := <-m.out:
			out = append(out, c)
		default:
			return out
		}
	}
}

func TestKeysAskTheSession(t *testing.T) {
	for _, c := range []struct {
		keys string
		want view.Command
	}{
		{"p", view.Command{Action: view.ActStrategy, Arg: "padded"}},
		{"b", view.Command{Action: view.ActStrategy, Arg: "bucketed"}},
		{"d", view.Command{Action: view.ActStrategy, Arg: "dynamic"}},
		{"o", view.Command{Action: view.ActAA}},
		{"m", view.Command{Action: view.ActMode}},
		{"s", view.Command{Action: view.ActScenario}},
		{"i", view.Command{Action: view.ActPairing}},
		{"t", view.Command{Action: view.ActStance}},
		{"w", view.Command{Action: view.ActWarm}},
		{"c", view.Command{Action: view.ActClear}},
		{"r", view.Command{Action: view.ActSegment}},
		{"space", view.Command{Action: view.ActPause}},
		{"e", view.Command{Action: view.ActExport}},
		{"-", view.Command{Action: view.ActWindow, D: 60 * time.Second}},
		{"q", view.Command{Action: view.ActQuit}},
		{"ctrl+c", view.Command{Action: view.ActQuit}},
	} {
		t.Run(c.keys, func(t *testing.T) {
			m, _ := newTestModel(image.Pt(120, 40), time.Second)
			press(m, c.keys)
			if m.prompt.kind == promptConfirm {
				if got := asked(m); len(got) > 0 {
					t.Errorf("%v was asked for before the answer", got)
				}
				press(m, "y")
			}
			if d := cmp.Diff([]view.Command{c.want}, asked(m)); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestTuneIsAskedForThenTheRunEnds; a screen that cannot tune says so.
func TestTuneIsAskedForThenTheRunEnds(t *testing.T) {
	m, _ := newTestModel(image.Pt(120, 40), time.Second)
	press(m, "T")
	if got := asked(m); len(got) > 0 || m.sc.Flash.Level != "warn" {
		t.Errorf("asked for %v, said %+v", got, m.sc.Flash)
	}
	wanted := 0
	m.o.OnTune = func() { wanted++ }
	press(m, "T")
	if wanted != 0 {
		t.Error("it did not wait for the answer")
	}
	press(m, "y")
	if d := cmp.Diff([]view.Command{{Action: view.ActQuit}}, asked(m)); d != "" || wanted != 1 {
		t.Errorf("wanted %d times: %s", wanted, d)
	}
}

func TestPressingAgainReturns(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), time.Second)
	v := src.View()
	v.Session.Strategy = "padded"
	m.Update(viewMsg{&v})
	press(m, "p")
	if d := cmp.Diff([]view.Command{{Action: view.ActStrategy, Arg: "padded"}}, asked(m)); d != "" || m.sc.Flash.Text != "padded off" {
		t.Errorf("%q: %s", m.sc.Flash.Text, d)
	}
	v.Session.Strategy, v.Session.Asked = "variable", "padded" // asked for, not in force yet
	m.Update(viewMsg{&v})
	press(m, "p")
	if m.sc.Flash.Text != "padded off" {
		t.Errorf("before it is in force: %q", m.sc.Flash.Text)
	}
}

func TestWhatTheEngineLacksIsSaidNotAsked(t *testing.T) {
	m, _ := newTestModel(image.Pt(120, 40), time.Second)
	press(m, "P")
	if got := asked(m); len(got) > 0 {
		t.Errorf("asked for %v", got)
	}
	if s := ansi.Strip(m.View().Content); !strings.Contains(s, "this engine cannot do profile: the ort engine has no profiler window") {
		t.Error("the reason is not on the screen")
	}
	for _, h := range m.hints() {
		if h.Shown == "P" && (h.Foot != "" || !strings.HasSuffix(h.Help, "(not with this engine)")) {
			t.Errorf("the key stands there as if it did something: %+v", h)
		}
	}
}

func TestFrozenScreenStaysWhileViewsComeIn(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 5*time.Second)
	press(m, "v")
	before := m.View().Content
	src.Step(5 * time.Second)
	v := src.View()
	m.Update(viewMsg{&v})
	if m.View().Content != before {
		t.Error("the frozen screen moved")
	}
	if !strings.Contains(ansi.Strip(before), "FROZEN") {
		t.Error("nothing says that it is frozen")
	}
	press(m, "v")
	if m.sc.V != &v && m.sc.V.NowNs != v.NowNs {
		t.Error("unfreezing does not show the newest view")
	}
}

// feed runs the source and hands the model a view every 200 ms.
func feed(m *model, step func(time.Duration), next func() view.View, d time.Duration) {
	for range int(d / (200 * time.Millisecond)) {
		step(200 * time.Millisecond)
		v := next()
		m.Update(viewMsg{&v})
	}
}

func TestScrubbingShowsThePast(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 0)
	feed(m, src.Step, src.View, 30*time.Second)
	press(m, "left", "left", "left")
	if m.sc.V.NowNs >= m.newest.NowNs-1e9 {
		t.Fatalf("three steps back show %d of %d", m.sc.V.NowNs, m.newest.NowNs)
	}
	past := m.sc.V
	if past.Stats.Lanes[1].Session.N >= m.newest.Stats.Lanes[1].Session.N {
		t.Error("the past has as many samples as the present")
	}
	for _, e := range past.Events {
		if e.TNs > past.NowNs {
			t.Errorf("an event of the future at %d in a view of %d", e.TNs, past.NowNs)
		}
	}
	if s := ansi.Strip(m.View().Content); !strings.Contains(s, "PAST") {
		t.Error("nothing says that this is the past")
	}
	feed(m, src.Step, src.View, time.Second)
	if m.sc.V != past {
		t.Error("new views push the past off the screen")
	}
	press(m, "esc")
	if m.sc.V != m.newest || m.sc.Past != 0 {
		t.Error("esc does not return to now")
	}
}

func TestWalkingOverEvents(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 0)
	feed(m, src.Step, src.View, 30*time.Second)
	rows := timeline.FoldEvents(m.newest.Events) // neighbours that share a line are one step
	if len(rows) < 5 {
		t.Fatal("too few events to test with")
	}
	for back := 1; back <= 3; back++ {
		press(m, "N")
		want := m.newest.Events[rows[len(rows)-back].At]
		if m.sc.Picked < 0 || m.sc.V.Events[m.sc.Picked].TNs != want.TNs {
			t.Fatalf("step %d does not choose the event at %d", back, want.TNs)
		}
		if d := m.sc.V.NowNs - want.TNs; d < 0 || d > 2e9 {
			t.Errorf("the picture is %d ns from the event", d)
		}
	}
	press(m, "n", "n", "n")
	if m.sc.Past != 0 || m.at >= 0 {
		t.Error("stepping past the newest event does not return to now")
	}
}

func TestHistoryIsBounded(t *testing.T) {
	var h history
	for i := range 4000 {
		h.Add(&view.View{NowNs: int64(i) * 1e9, Stats: stats.Live{Timeline: make([]stats.TimeBin, 10)}, Events: make([]stats.Event, 10)})
	}
	if n := len(h.views); n > historyMax {
		t.Errorf("%d views kept, at most %d wanted", n, historyMax)
	}
	if h.views[0].NowNs != 0 {
		t.Error("the start of the session is forgotten")
	}
	for i, v := range h.views {
		if v.Stats.Timeline != nil || v.Events != nil {
			t.Fatal("a kept view carries what every view repeats")
		}
		if i > 0 && v.NowNs <= h.views[i-1].NowNs {
			t.Fatal("out of order")
		}
	}
}

func TestSilenceIsMarkedStale(t *testing.T) {
	m, _ := newTestModel(image.Pt(120, 40), 5*time.Second)
	m.now = func() time.Time { return time.Unix(1010, 0) }
	m.Update(tickMsg{})
	s := ansi.Strip(m.View().Content)
	if !strings.Contains(s, "STALE 10 s") || !strings.Contains(s, "nothing heard from the session for 10 s") {
		t.Error("ten silent seconds are not marked")
	}
}

func TestNoticesExpire(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), time.Second)
	v := src.View()
	v.Notices = []view.Notice{{TNs: v.NowNs - 1e9, Level: "warn", Text: "disk is nearly full"}}
	m.Update(viewMsg{&v})
	if !strings.Contains(m.View().Content, "disk is nearly full") {
		t.Error("a fresh notice is not shown")
	}
	w := v
	w.NowNs += 60e9
	m.Update(viewMsg{&w})
	if strings.Contains(m.View().Content, "disk is nearly full") {
		t.Error("an old notice is still shown")
	}
}

func TestReplayKeysSeek(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 10*time.Second)
	v := src.View()
	v.Replay = &view.Replay{PosNs: 10e9, LenNs: 60e9, Speed: 1, Playing: true}
	m.Update(viewMsg{&v})
	press(m, "right", "left", "space", "+", "p", "e")
	want := []view.Command{
		{Action: view.ActReplaySeek, D: 15 * time.Second}, {Action: view.ActReplaySeek, D: 5 * time.Second},
		{Action: view.ActReplayPlay}, {Action: view.ActReplayRate, X: 2},
	}
	if d := cmp.Diff(want, asked(m)); d != "" {
		t.Error(d)
	}
}

func TestClicks(t *testing.T) {
	m, src := newTestModel(image.Pt(200, 60), 0)
	feed(m, src.Step, src.View, 20*time.Second)
	m.View()
	for _, p := range m.lay.places {
		if p.slot == timeline.SlotHeat {
			m.Update(tea.MouseClickMsg{X: p.r.Min.X + p.r.Dx()/3, Y: p.r.Min.Y + 3})
		}
	}
	if m.focus != timeline.SlotHeat || m.sc.Past == 0 || m.sc.Past >= m.newest.NowNs {
		t.Errorf("a click in the middle of the timeline goes to %d of %d", m.sc.Past, m.newest.NowNs)
	}
	press(m, "esc")
	m.View()
	for _, p := range m.lay.places {
		if p.slot == timeline.SlotEvents {
			m.Update(tea.MouseClickMsg{X: p.r.Min.X + 5, Y: p.r.Min.Y + 2})
		}
	}
	if m.focus != timeline.SlotEvents || m.sc.Picked < 0 {
		t.Error("a click on an event does not choose it")
	}
	hp := m.panels[panels.SlotHeader].(*panels.HeaderPanel)
	m.Update(tea.MouseClickMsg{X: hp.Tabs[3][0], Y: 2})
	if m.sc.Screen != 4 {
		t.Errorf("a click on the fourth view shows view %d", m.sc.Screen)
	}
}

func TestEndedSessionKeepsTheScreen(t *testing.T) {
	m, _ := newTestModel(image.Pt(120, 40), 5*time.Second)
	m.Update(streamEndedMsg{})
	press(m, "p")
	if got := asked(m); len(got) > 0 {
		t.Errorf("asked an ended session for %v", got)
	}
	if s := ansi.Strip(m.View().Content); !strings.Contains(s, "p50") {
		t.Error("the last figures are gone")
	}
}

func TestHideTaggedShowsTheCounterfactual(t *testing.T) {
	m, _ := newTestModel(image.Pt(120, 40), 30*time.Second)
	with, without := m.newest.Stats.Lanes[1].Segment.P99.Value, m.newest.Stats.Lanes[1].Hidden.P99.Value
	if !strings.Contains(m.View().Content, draw.Dur(with)) {
		t.Errorf("p99 %s is not shown", draw.Dur(with))
	}
	press(m, "h")
	if !strings.Contains(m.View().Content, draw.Dur(without)) {
		t.Errorf("p99 without tagged samples %s is not shown", draw.Dur(without))
	}
}

// The screen yields to what is measured, and comes back; not when a frame rate
// was asked for.
func TestPaceYields(t *testing.T) {
	m, _ := newTestModel(image.Pt(120, 40), time.Second)
	m.every = 0
	steps := func(cpu float64, n int) (d time.Duration) {
		for i := range n {
			d = m.pace(cpu + float64(i)/1e6)
		}
		return d
	}
	least := m.o.interval()
	if d := steps(2, 3); d != least {
		t.Errorf("a cheap screen waits %v, want %v", d, least)
	}
	if d := steps(9, 3); d <= least || d >= slowestPace {
		t.Errorf("after three dear readings %v", d)
	}
	was := m.every
	for range 50 {
		m.pace(m.lastCPU)
	}
	if m.every != was {
		t.Errorf("one reading counted more than once: %v, was %v", m.every, was)
	}
	if d := steps(9, 60); d != slowestPace {
		t.Errorf("a dear screen waits %v, want %v", d, slowestPace)
	}
	if d := steps(4, 60); d != slowestPace {
		t.Errorf("within the budget the pace moved to %v", d)
	}
	if d := steps(1, 90); d != least {
		t.Errorf("a cheap screen waits %v, want %v", d, least)
	}
	m.o.Steady = true
	if d := steps(50, 60); d != least {
		t.Errorf("the frame rate asked for is not kept: %v", d)
	}
}

func TestClockHasNoNegativeZero(t *testing.T) {
	for ns, want := range map[int64]string{-5e6: "0:00", 0: "0:00", -61e9: "−1:01", 3599e9: "59:59", 3600e9: "1:00:00"} {
		if got := draw.Clock(ns); got != want {
			t.Errorf("clock(%d) = %q, want %q", ns, got, want)
		}
	}
}

// While the picture stands still hardly a view is asked for, until something is
// asked of the session or the picture is to move again.
func TestAStillPictureAsksForFewViews(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 0)
	feed(m, src.Step, src.View, 10*time.Second)
	now := time.Unix(1, 0)
	m.now = func() time.Time { return now }
	pace := func() time.Duration { return m.pace(m.newest.Self.CPUPercent) }
	if d := pace(); d > slowestPace {
		t.Errorf("%v while it moves", d)
	}
	press(m, "v")
	if d := pace(); d != stillPace {
		t.Errorf("%v while frozen", d)
	}
	press(m, "p")
	if d := pace(); d > soonPace || len(m.in.soon) != 1 {
		t.Errorf("%v after a key that the session answers", d)
	}
	now = now.Add(2 * answerTime)
	if d := pace(); d != stillPace {
		t.Errorf("%v long after it", d)
	}
	<-m.in.soon
	if press(m, "v"); len(m.in.soon) != 1 || pace() > soonPace {
		t.Error("the way back to now waits")
	}
}
