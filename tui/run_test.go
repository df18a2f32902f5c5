package tui

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/teatest/v2"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/internal/demo"
)

// The whole program: it shows both lanes, takes a key, and ends.
func TestProgram(t *testing.T) {
	views, done := make(chan view.View, 1), make(chan struct{})
	src := demo.New(7, false)
	src.Step(5 * time.Second)
	views <- src.View()
	out := make(outbox, 8)
	m := newModel(views, out, done, Options{Theme: "dark", Env: []string{}}.withDefaults())
	tm := teatest.NewTestModel(t, m, teatest.WithInitialTermSize(120, 40))
	teatest.WaitFor(t, tm.Output(), func(b []byte) bool {
		return bytes.Contains(b, []byte("eager")) && bytes.Contains(b, []byte("optimized")) && bytes.Contains(b, []byte("p99"))
	}, teatest.WithDuration(time.Minute))
	tm.Send(tea.KeyPressMsg{Code: 'p', Text: "p"})
	select {
	case c := <-out:
		if c.Action != view.ActStrategy || c.Arg != "padded" {
			t.Errorf("p asks for %v", c)
		}
	case <-time.After(time.Minute):
		t.Error("p asks for nothing")
	}
	tm.Send(tea.KeyPressMsg{Code: 'q', Text: "q"})
	tm.WaitFinished(t, teatest.WithFinalTimeout(time.Minute))
	close(done)
	close(views)
}

// Run gives the terminal back and delivers what was asked last.
func TestRunRestoresTheTerminal(t *testing.T) {
	views, commands := make(chan view.View, 1), make(chan view.Command, 8)
	src := demo.New(7, false)
	src.Step(time.Second)
	views <- src.View()
	var out bytes.Buffer
	in := strings.NewReader("q")
	err := Run(context.Background(), views, commands, Options{In: in, Out: &out, Theme: "dark", Env: []string{"TERM=xterm-256color"}})
	close(views)
	must.OK(t, err)
	if c := <-commands; c.Action != view.ActQuit {
		t.Errorf("the last command is %v", c)
	}
	s := out.String()
	if enter, leave := strings.LastIndex(s, "\x1b[?1049h"), strings.LastIndex(s, "\x1b[?1049l"); leave < enter {
		t.Error("the alternate screen is not left")
	}
	if on, off := strings.LastIndex(s, "\x1b[?1002h"), strings.LastIndex(s, "\x1b[?1002l"); off < on {
		t.Error("the mouse is not given back")
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	views, commands := make(chan view.View), make(chan view.Command)
	ended := make(chan error, 1)
	r, w := newPipe()
	defer w.Close()
	go func() {
		ended <- Run(ctx, views, commands, Options{In: r, Out: &bytes.Buffer{}, Theme: "dark", Env: []string{"TERM=xterm-256color"}})
	}()
	time.Sleep(50 * time.Millisecond)
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("Run goes on after its context has ended")
	}
}

// seen calls then once a word was written.
type seen struct {
	bytes.Buffer
	word string
	then func()
}

func (s *seen) Write(b []byte) (int, error) {
	n, err := s.Buffer.Write(b)
	if strings.Contains(s.String(), s.word) {
		s.then()
	}
	return n, err
}

// Over SSH Bubble Tea does not ask for synchronized output; without it the
// screen tears.
func TestSynchronizedOutputOverSSH(t *testing.T) {
	for _, env := range [][]string{{"TERM=xterm-256color", "SSH_TTY=/dev/pts/1"}, {"TERM=tmux-256color", "TERM_PROGRAM=tmux", "SSH_TTY=/dev/pts/1"}} {
		views, commands := make(chan view.View, 1), make(chan view.Command, 8)
		src := demo.New(7, false)
		src.Step(time.Second)
		views <- src.View()
		r, w := newPipe()
		quit := sync.OnceFunc(func() { w.WriteString("q"); w.Close() })
		time.AfterFunc(20*time.Second, quit)
		out := seen{word: "\x1b[?2026l", then: quit}
		must.OK(t, Run(context.Background(), views, commands, Options{In: r, Out: &out, Theme: "dark", Env: env}))
		close(views)
		if !strings.Contains(out.String(), "\x1b[?2026h") || !strings.Contains(out.String(), "\x1b[?2026l") {
			t.Errorf("%v: frames are not synchronized", env)
		}
	}
}

func TestDumbTerminalGetsLines(t *testing.T) {
	views := make(chan view.View, 1)
	src := demo.New(7, false)
	src.Step(5 * time.Second)
	views <- src.View()
	close(views)
	var out bytes.Buffer
	must.OK(t, Run(context.Background(), views, nil, Options{Out: &out, Env: []string{"TERM=dumb"}}))
	s := out.String()
	if strings.Contains(s, "\x1b") || !strings.Contains(s, "eager n ") || !strings.Contains(s, "recompile optimized") {
		t.Errorf("lines of a dumb terminal:\n%s", s)
	}
}

// An event that came late stands among older ones: it is printed, and no other twice.
func TestDumbTerminalGetsEachEventOnce(t *testing.T) {
	var recent view.Recent
	var out bytes.Buffer
	seen := map[eventID]bool{}
	for _, ms := range []int64{1000, 5000, 300, 5000} {
		recent.Add(stats.Event{TNs: ms * 1e6, Kind: stats.KindColdStart, Reason: fmt.Sprint("no. ", recent.Num())})
		must.OK(t, printEvents(&out, &view.View{Events: recent.List(), NumEvents: recent.Num()}, seen))
	}
	for i := range 4 {
		if n := strings.Count(out.String(), fmt.Sprintf("no. %d\n", i)); n != 1 {
			t.Errorf("event %d stands there %d times:\n%s", i, n, out.String())
		}
	}
}

func TestForeignTextCannotDriveTheTerminal(t *testing.T) {
	m, src := newTestModel(image.Pt(120, 40), 5*time.Second)
	v := src.View()
	v.Session.Model = "evil\x1b[2J\x1b]0;title\x07\nmodel\u202e"
	v.Events[len(v.Events)-1].Reason = "\x1b[31mred\r\n\x9b2J"
	m.Update(viewMsg{&v})
	frame := m.View().Content
	for _, bad := range []string{"\x1b[2J", "\x1b]0", "\x07", "\r", "\u202e", "\u009b"} {
		if strings.Contains(frame, bad) {
			t.Errorf("%q reaches the terminal", bad)
		}
	}
}

func newPipe() (*os.File, *os.File) {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	return r, w
}
