package tui

import (
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	tea "charm.land/bubbletea/v2"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/timeline"
)

func listed(evs []stats.Event) (out []string) {
	for _, r := range timeline.FoldEvents(evs) {
		out = append(out, r.Kind(evs)+": "+r.Text(evs, draw.Clock))
	}
	return out
}

func TestNeighboursShareALine(t *testing.T) {
	req := func(n uint64) *uint64 { return &n }
	spike := func(ms int64) stats.Event {
		return stats.Event{Kind: stats.KindSpike, DurNs: ms * 1e6, Reason: fmt.Sprint(ms, " ms"), Request: req(1000 + uint64(ms))}
	}
	first := func(r uint64, lane string) stats.Event {
		return stats.Event{Kind: stats.KindShapeNew, Request: req(r), Lane: lane, DurNs: int64(r), Reason: "shape of " + fmt.Sprint(r)}
	}
	fallback := stats.Event{Kind: stats.KindFallback, Lane: "optimized", Reason: "the limit is reached"}
	for name, c := range map[string]struct {
		evs  []stats.Event
		want []string
	}{
		"a compile covers the first runs of its request, before and after it": {
			[]stats.Event{first(7, "eager"), {Kind: stats.KindRecompile, Request: req(7), Reason: "tokens 1 → 2"}, first(7, "optimized")},
			[]string{"recompile: tokens 1 → 2"}},
		"not those of a request of another worker": {
			[]stats.Event{{Kind: stats.KindCompile, Request: req(7), Generation: 1, Reason: "tokens 1"}, first(7, "eager")},
			[]string{"compile: tokens 1", "new shape: shape of 7"}},
		"the slowest spike speaks": {
			[]stats.Event{spike(3), spike(9), spike(4)}, []string{"spike ×3: slowest at 0:00: 9 ms"}},
		"spikes and first runs together": {
			[]stats.Event{first(1, "eager"), first(2, "eager"), spike(3), first(3, "eager")}, []string{"spike: + 3 new shapes · at 0:00: 3 ms"}},
		"a recompile does not part a group": {
			[]stats.Event{spike(3), spike(5), {Kind: stats.KindRecompile, Reason: "r"}, spike(4)},
			[]string{"recompile: r", "spike ×3: slowest at 0:00: 5 ms"}},
		"ten seconds do": {
			[]stats.Event{spike(3), {Kind: stats.KindRecompile, Reason: "r"}, {Kind: stats.KindSpike, TNs: 11e9, DurNs: 4e6, Reason: "4 ms"}},
			[]string{"spike: 3 ms", "recompile: r", "spike: 4 ms"}},
		"equal sentences": {
			[]stats.Event{fallback, fallback, fallback}, []string{"fallback ×3: the limit is reached"}},
		"unequal ones": {
			[]stats.Event{fallback, {Kind: stats.KindFallback, Lane: "optimized", Reason: "another"}},
			[]string{"fallback: the limit is reached", "fallback: another"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, listed(c.evs)); d != "" {
				t.Error(d)
			}
		})
	}
}

// Whatever the events: each is counted once, and only spikes, first runs and
// equal sentences lose their own line.
func TestFoldingLosesNoEvent(t *testing.T) {
	kinds := []stats.Kind{stats.KindSpike, stats.KindShapeNew, stats.KindRecompile, stats.KindFallback, stats.KindDivergence, stats.KindLimitReached}
	event := rapid.Custom(func(t *rapid.T) stats.Event {
		r := rapid.Uint64Range(0, 5).Draw(t, "request")
		e := stats.Event{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), DurNs: rapid.Int64Range(0, 9).Draw(t, "dur"),
			Reason: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "reason"), Request: &r}
		if rapid.Bool().Draw(t, "of no request") {
			e.Request = nil
		}
		return e
	})
	rapid.Check(t, func(t *rapid.T) {
		evs := rapid.SliceOfN(event, 0, 40).Draw(t, "events")
		n, seen := 0, map[int]bool{}
		for _, r := range timeline.FoldEvents(evs) {
			n += r.N + r.Others
			if seen[r.At] {
				t.Fatalf("two rows of event %d", r.At)
			}
			seen[r.At] = true
			if e := &evs[r.At]; e.Kind != stats.KindSpike && e.Kind != stats.KindShapeNew {
				for i := r.At - r.N + 1; i < r.At; i++ { // a line for several: nothing but their like between
					if k := evs[i].Kind; k != e.Kind && k != stats.KindShapeNew {
						t.Fatalf("a %s is told by the line of a %s", k, e.Kind)
					}
				}
			}
		}
		if n != len(evs) {
			t.Fatalf("%d events are counted as %d", len(evs), n)
		}
	})
}

// On a busy machine a few lines still show what happened; view 6 has each.
func TestSpikesDoNotPushACompileOffTheList(t *testing.T) {
	m, src := newTestModel(image.Pt(240, 60), 10*time.Second)
	v := src.View()
	v.Events = append([]stats.Event(nil), stats.Event{Kind: stats.KindLimitReached, TNs: v.NowNs, Reason: "the limit, look"})
	for i := range int64(50) {
		v.Events = append(v.Events, stats.Event{Kind: stats.KindSpike, Lane: "eager", TNs: v.NowNs + i, DurNs: 1e6 + i, Reason: fmt.Sprint("spike number ", i)})
	}
	v.NumEvents = len(v.Events)
	m.Update(viewMsg{&v})
	text := ansi.Strip(m.View().Content)
	for _, want := range []string{"the limit, look", "spike ×50", "slowest: spike number 49"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the screen:\n%s", want, text)
		}
	}
	press(m, "6")
	if text = ansi.Strip(m.View().Content); !strings.Contains(text, "spike number 48") {
		t.Errorf("view 6 does not have each spike:\n%s", text)
	}
	press(m, "1")
	m.View()
	clickText(t, m, "slowest: spike number 49")
	if i := m.sc.Picked; i < 0 || m.sc.V.Events[i].Reason != "spike number 49" {
		t.Errorf("a click on the line chose event %d", i)
	}
}

// N goes from line to line, so that a hundred spikes are one step; view 6 goes
// over each.
func TestWalkingGoesFromLineToLine(t *testing.T) {
	m, src := newTestModel(image.Pt(240, 60), 10*time.Second)
	v := src.View()
	v.Events = append([]stats.Event(nil), stats.Event{Kind: stats.KindLimitReached, TNs: v.NowNs - 100, Reason: "the limit, look"})
	for i := range int64(50) {
		v.Events = append(v.Events, stats.Event{Kind: stats.KindSpike, Lane: "eager", TNs: v.NowNs - 60 + i, DurNs: 2e6 - (i-20)*(i-20), Reason: fmt.Sprint("spike number ", i)})
	}
	v.NumEvents = len(v.Events)
	m.Update(viewMsg{&v})
	for i, want := range []string{"spike number 20", "the limit, look"} {
		press(m, "N")
		if e := m.sc.V.Events[m.sc.Picked]; e.Reason != want {
			t.Errorf("step %d goes to %q, want %q", i+1, e.Reason, want)
		}
		if text := ansi.Strip(m.View().Content); !strings.Contains(text, want) {
			t.Errorf("step %d: %q is not shown:\n%s", i+1, want, text)
		}
	}
	if press(m, "n"); m.sc.V.Events[m.sc.Picked].Reason != "spike number 20" {
		t.Error("n does not come back")
	}
	press(m, "esc", "6", "N", "N")
	if e := m.sc.V.Events[m.sc.Picked]; e.Reason != "spike number 48" {
		t.Errorf("view 6 goes to %q", e.Reason)
	}
}

// clickText clicks where the frame has text.
func clickText(t *testing.T, m *model, text string) {
	t.Helper()
	for y, l := range strings.Split(ansi.Strip(m.View().Content), "\n") {
		if before, _, ok := strings.Cut(l, text); ok {
			m.Update(tea.MouseClickMsg{X: ansi.StringWidth(before), Y: y, Button: tea.MouseLeft})
			return
		}
	}
	t.Fatalf("%q is not on the screen", text)
}
