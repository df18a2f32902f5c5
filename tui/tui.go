package tui

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/paint"
)

// Options of the screen. The zero value is good for a terminal.
type Options struct {
	Plain   bool                  // ASCII only, no colour, no mouse
	In      io.Reader             // standard input when nil
	Out     io.Writer             // standard output when nil
	FPS     int                   // frames a second, 1–60; 0: TAILSCOPE_FPS, else 30
	Steady  bool                  // keep the frame rate, whatever it costs
	Theme   string                // "dark" or "light"; "": TAILSCOPE_THEME, else what the terminal answers
	Env     []string              // environment; os.Environ when nil
	Output  func() []string       // the newest lines of what the program under exec printed; nil: there is none
	Want    chan<- struct{}       // of capacity 1: the screen is ready for another view; nil: they come unasked
	OnTune  func()                // the user wants the run to end and to be tuned, before ActQuit; nil: it cannot be
	OnFrame func(d time.Duration) // CPU time of composing each frame; called from the screen's goroutine
}

// modesFPS is how often Bubble Tea looks for modes of the terminal to change;
// frames are painted at once.
const modesFPS = 4

// DefaultFPS is the frame rate unless something else was asked for.
const DefaultFPS = 30

// Run shows views until the user quits, ctx ends, or the terminal goes away.
// It returns nil after an orderly end; commands are sent without blocking the
// screen, ActQuit last when the user quit. The caller closes views.
func Run(ctx context.Context, views <-chan view.View, commands chan<- view.Command, o Options) error {
	o = o.withDefaults()
	if o.env("TERM") == "dumb" {
		return runLines(ctx, views, o)
	}
	out, done, forwarded := make(outbox, 64), make(chan struct{}), make(chan struct{})
	guard.Go("the screen's commands", func() { defer close(forwarded); out.forward(commands, done) })
	defer finish(out, done, forwarded)

	m := newModel(views, out, done, o)
	m.term = paint.NewTerminal(o.Out)
	opts := []tea.ProgramOption{tea.WithFPS(modesFPS), tea.WithInput(o.In), tea.WithOutput(m.term.Output()), tea.WithEnvironment(o.Env)}
	if o.mono() {
		opts = append(opts, tea.WithColorProfile(colorprofile.ASCII))
	}
	p := tea.NewProgram(m, opts...)
	// Quit, not tea.WithContext: that kills, and a killed program closes its input under the goroutine that reads it.
	defer context.AfterFunc(ctx, p.Quit)()
	defer m.term.Leave()
	_, err := p.Run()
	if errors.Is(err, tea.ErrProgramPanic) { // its stack is printed; it also counts as killed, which is no failure
		return errors.New("internal error in the screen (a bug in tailscope: please report it)")
	}
	if ctx.Err() != nil || errors.Is(err, tea.ErrInterrupted) {
		return nil
	}
	return err
}

// finish gives the session a moment to take what was asked last.
func finish(out outbox, done, forwarded chan struct{}) {
	close(out)
	select {
	case <-forwarded:
	case <-time.After(200 * time.Millisecond):
	}
	close(done)
	<-forwarded
}

func (o Options) withDefaults() Options {
	if o.Env == nil {
		o.Env = os.Environ()
	}
	if o.In == nil {
		o.In = os.Stdin
	}
	if o.Out == nil {
		o.Out = os.Stdout
	}
	if o.FPS <= 0 {
		o.FPS, _ = strconv.Atoi(o.env("TAILSCOPE_FPS"))
	}
	if o.FPS <= 0 {
		o.FPS = DefaultFPS
	}
	o.FPS = min(o.FPS, 60)
	if o.Theme == "" {
		if t := o.env("TAILSCOPE_THEME"); t == "dark" || t == "light" {
			o.Theme = t
		}
	}
	return o
}

func (o Options) env(name string) string {
	for _, e := range slices.Backward(o.Env) {
		if k, v, _ := strings.Cut(e, "="); k == name {
			return v
		}
	}
	return ""
}

// mono reports whether shapes must do without colour.
func (o Options) mono() bool { return o.Plain || o.env("NO_COLOR") != "" }

// ascii reports whether only ASCII can be shown: it was asked for, the locale
// is none of Unicode, or the terminal is the console of Linux, whose font lacks
// half of the signs.
func (o Options) ascii() bool {
	if o.Plain || o.env("TERM") == "linux" {
		return true
	}
	locale := strings.ToLower(cmp.Or(o.env("LC_ALL"), o.env("LC_CTYPE"), o.env("LANG")))
	return locale != "" && !strings.Contains(locale, "utf-8") && !strings.Contains(locale, "utf8")
}

// interval is the least time between two views taken in.
func (o Options) interval() time.Duration { return time.Second / time.Duration(max(1, o.FPS)) }

// forceSync reports whether synchronized output has to be switched on by us:
// over SSH Bubble Tea does not ask most terminals, and the screen would tear.
// Terminals that do not know the mode ignore it.
func (o Options) forceSync() bool { return o.env("SSH_TTY") != "" && o.env("TERM") != "linux" }

// syncOutput tells the renderer what the terminal would have answered, without
// a question whose answer could end up on the user's prompt.
func syncOutput() tea.Msg {
	return tea.ModeReportMsg{Mode: ansi.ModeSynchronizedOutput, Value: ansi.ModeReset}
}
