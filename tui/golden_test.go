package tui

import (
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"go.uber.org/goleak"

	tea "charm.land/bubbletea/v2"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/internal/demo"
	"github.com/tailscope/tailscope/tui/panels"
)

func TestMain(m *testing.M) {
	// teatest waits on its own signal channel for ever
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/charmbracelet/x/exp/teatest/v2.NewTestModel.func2"))
}

var sizes = []image.Point{{200, 60}, {120, 40}, {80, 24}, {40, 6}}

// requireFrame compares a frame as plain text, without trailing blanks, and
// checks that it is exactly as large as it should be.
func requireFrame(t *testing.T, frame string, w, h int) {
	t.Helper()
	text := ansi.Strip(frame)
	if w > 0 && h > 0 {
		lines := strings.Split(text, "\n")
		if len(lines) != h {
			t.Errorf("%d lines, want %d", len(lines), h)
		}
		for i, l := range lines {
			if n := ansi.StringWidth(l); n != w {
				t.Errorf("line %d is %d cells wide, want %d: %q", i, n, w, l)
			}
			lines[i] = strings.TrimRight(l, " ")
		}
		text = strings.Join(lines, "\n")
	}
	golden.RequireEqual(t, text)
}

// toggled is 40 s of a run with padding switched on after 25 s.
func toggled(t *testing.T, size image.Point) *model {
	t.Helper()
	m, src := newTestModel(size, 25*time.Second)
	src.Do(view.Command{Action: view.ActStrategy, Arg: "padded"})
	src.Step(15 * time.Second)
	v := src.View()
	m.Update(viewMsg{&v})
	return m
}

func TestScreens(t *testing.T) {
	for screen := 1; screen <= numScreens; screen++ {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("view%d/%dx%d", screen, size.X, size.Y), func(t *testing.T) {
				m := toggled(t, size)
				m.sc.Screen = screen
				m.rev++
				requireFrame(t, m.View().Content, size.X, size.Y)
			})
		}
	}
}

func TestPanels(t *testing.T) {
	for s, d := range panels.Descs {
		name := d.Name
		for _, size := range []image.Point{{100, 20}} {
			t.Run(fmt.Sprintf("%s/%dx%d", name, size.X, size.Y), func(t *testing.T) {
				m := toggled(t, image.Pt(200, 60))
				m.sc.Compact = size.X < 100
				p := m.panels[s]
				p.SetSize(size.X, size.Y)
				requireFrame(t, p.View(), size.X, size.Y)
			})
		}
	}
}

func TestStates(t *testing.T) {
	states := map[string]func(*view.View){
		"starting": func(v *view.View) {
			*v = view.View{Phase: view.PhaseStarting, Progress: 0.4, Status: "Loading builtin:gpt2-mini."}
		},
		"failed": func(v *view.View) {
			*v = view.View{Phase: view.PhaseFailed, Progress: panels.Nan, Status: "The model is not there. Run tailscope model build."}
		},
		"failedlate": func(v *view.View) {
			v.Phase, v.Status = view.PhaseFailed, "The worker ended three times in a row; its log is in the folder."
		},
		"paused": func(v *view.View) { v.Phase = view.PhasePaused },
		"restarting": func(v *view.View) {
			v.Phase, v.Status = view.PhaseRestart, "The worker ended (signal: killed); starting it again."
		},
		"done":   func(v *view.View) { v.Phase, v.Status = view.PhaseDone, "Done: 5,000 requests." },
		"warmup": func(v *view.View) { v.Phase, v.Progress = view.PhaseWarmup, 0.3 },
		"notice": func(v *view.View) {
			v.Notices = []view.Notice{{TNs: v.NowNs, Level: "error", Text: "journal: no space left on device"}}
		},
		"replay": func(v *view.View) { v.Replay = &view.Replay{PosNs: 15e9, LenNs: 60e9, Speed: 2, Playing: true} },
		"nogpu":  func(v *view.View) { v.GPU = view.GPU{State: gpu.State{Why: "No NVIDIA driver here."}} },
		"empty":  func(v *view.View) { *v = view.View{} },
	}
	for name, change := range states {
		for _, size := range []image.Point{{120, 40}, {80, 24}} {
			t.Run(fmt.Sprintf("%s/%dx%d", name, size.X, size.Y), func(t *testing.T) {
				m, src := newTestModel(size, 10*time.Second)
				v := src.View()
				change(&v)
				m.Update(viewMsg{&v})
				requireFrame(t, m.View().Content, size.X, size.Y)
			})
		}
	}
}

func TestPlainIsASCII(t *testing.T) {
	m := toggled(t, image.Pt(120, 40))
	m.o.Plain, m.sc.ASCII = true, true
	m.sc.St = draw.NewStyles(true, draw.NoColour)
	m.rev++
	frame := ansi.Strip(m.View().Content)
	for _, r := range frame {
		if r >= 0x80 {
			t.Fatalf("%q in a plain frame", r)
		}
	}
	if strings.Contains(frame, "?") && strings.Count(frame, "?") > 1 { // the key ? itself
		t.Errorf("a glyph has no plain stand-in:\n%s", frame)
	}
	requireFrame(t, frame, 120, 40)
}

// Every sign of every view, the help and the palette has a plain one.
func TestEverySignHasAPlainOne(t *testing.T) {
	for _, keys := range []string{"1", "2", "3", "4", "5", "6", "?", ":", "o", "v", "h", "l"} {
		m := toggled(t, image.Pt(200, 60))
		press(m, keys)
		for range 3 { // pages of the help, rows of a list
			for _, r := range ansi.Strip(m.View().Content) {
				if r >= 0x80 && draw.AsciiOnly(string(r)) == "?" {
					t.Errorf("after %s: nothing stands in for %c", keys, r)
				}
			}
			press(m, "down")
		}
	}
}

// Without arrows the arrow keys go by their names: <, > and v are other keys.
func TestPlainArrowsAreNoOtherKeys(t *testing.T) {
	m := newModel(nil, make(outbox, 8), nil, Options{Plain: true, Env: []string{}}.withDefaults())
	src := demo.New(7, false)
	src.Step(5 * time.Second)
	v := src.View()
	v.Replay = &view.Replay{LenNs: 5e9, Speed: 1}
	m.Update(tea.WindowSizeMsg{Width: 200, Height: 60})
	m.Update(viewMsg{&v})
	foot := frameOf(m)
	press(m, "?")
	help := strings.Join(strings.Fields(frameOf(m)), " ")
	if !strings.Contains(foot, "left back 5 s") || !strings.Contains(help, "down scroll down") || strings.Contains(help, "v scroll") || strings.Contains(help, "< back") {
		t.Errorf("%s\n%s", foot, help)
	}
	press(m, "?")
	at := strings.Index(strings.Split(frameOf(m), "\n")[59], "right forward")
	m.Update(tea.MouseClickMsg{X: at, Y: 59})
	if got := asked(m); len(got) != 1 || got[0].Action != view.ActReplaySeek {
		t.Errorf("a click on the key's name asks %+v", got)
	}
}

// Nothing may panic or leave the screen, whatever the size.
func TestEverySizeHolds(t *testing.T) {
	m := toggled(t, image.Pt(80, 24))
	for screen := 1; screen <= numScreens; screen++ {
		for w := 0; w <= 210; w += 1 + w/5 {
			for h := 0; h <= 70; h += 1 + h/4 {
				m.sc.Screen = screen
				m.Update(tea.WindowSizeMsg{Width: w, Height: h})
				frame := ansi.Strip(m.View().Content)
				if w == 0 || h == 0 {
					continue
				}
				lines := strings.Split(frame, "\n")
				if len(lines) != h {
					t.Fatalf("view %d at %dx%d: %d lines", screen, w, h, len(lines))
				}
				for y, l := range lines {
					if n := ansi.StringWidth(l); n != w {
						t.Fatalf("view %d at %dx%d: line %d is %d wide: %q", screen, w, h, y, n, l)
					}
				}
			}
		}
	}
}
