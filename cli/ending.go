package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/runner/guard"
)

// Signals are obeyed at once, whatever hangs. The first asks the command to
// end; a command that is no session has a moment for it, a session as long as
// it needs to finish its folder. The second is not waited for. A panic in any
// goroutine ends the session as a failure. Every way out restores the terminal.
type ending struct {
	cancel   context.CancelFunc
	hurry    chan struct{} // closes when nothing is to be waited for any more
	hurryOne sync.Once
	patient  atomic.Int32 // sessions that heed the first signal
	screen   atomic.Bool  // a screen has the terminal
	terminal *term.State  // as it was found; nil: there is none
	panicked atomic.Pointer[guard.Panic]

	mu    sync.Mutex
	asked int // signals so far
}

// How long a way out may take.
const (
	firstGrace  = 700 * time.Millisecond  // of a command that is no session
	secondGrace = 1500 * time.Millisecond // of anything
	panicGrace  = 10 * time.Second        // of a session that finishes its folder after a panic
)

type endingKey struct{}

// watchSignals makes the context of a command, which its end cancels. A worker
// crashes as it would without: its supervisor reads what it says then.
func watchSignals(worker bool) (context.Context, *ending) {
	ctx, cancel := context.WithCancel(context.Background())
	e := &ending{cancel: cancel, hurry: make(chan struct{})}
	if worker {
		ctx, e.cancel = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		return ctx, e
	}
	e.terminal, _ = term.GetState(int(os.Stdin.Fd())) // nil where there is no terminal
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGABRT)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a print into a closed pipe is an error, not the end
	guard.OnPanic(e.takePanic)
	go func() { // no guard: it is the last one standing
		for s := range signals {
			e.take(s)
		}
	}()
	return context.WithValue(ctx, endingKey{}, e), e
}

// endingOf is the one of a command's context; a context without any, as tests
// have it, gets one that nothing reaches.
func endingOf(ctx context.Context) *ending {
	if e, ok := ctx.Value(endingKey{}).(*ending); ok {
		return e
	}
	return &ending{cancel: func() {}, hurry: make(chan struct{})}
}

// take heeds one signal.
func (e *ending) take(s os.Signal) {
	if s == syscall.SIGQUIT || s == syscall.SIGABRT {
		e.restore()
		buf := make([]byte, 1<<20)
		fmt.Fprintf(os.Stderr, "tailscope: %v\n%s\n", s, buf[:runtime.Stack(buf, true)])
		os.Exit(exit.BadUsage)
	}
	e.mu.Lock()
	e.asked++
	n := e.asked
	e.mu.Unlock()
	e.cancel()
	switch {
	case n > 1:
		e.hurryOne.Do(func() { close(e.hurry) })
		time.AfterFunc(secondGrace, func() { e.exit("interrupted; what was not finished can be, with 'tailscope recover'") })
	case e.patient.Load() == 0:
		time.AfterFunc(firstGrace, func() {
			if e.patient.Load() == 0 {
				e.exit("interrupted")
			}
		})
	}
}

// leaving notes that the user has asked for the end by a key: the next wish is
// the second.
func (e *ending) leaving() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = max(e.asked, 1)
}

// session says that a session runs, until the function it returns is called.
func (e *ending) session() (over func()) {
	e.patient.Add(1)
	return func() { e.patient.Add(-1) }
}

// show runs a screen.
func (e *ending) show(run func() error) error {
	e.screen.Store(true)
	defer e.screen.Store(false)
	return run()
}

// takePanic ends everything after a panic in some goroutine.
func (e *ending) takePanic(p *guard.Panic) {
	e.panicked.CompareAndSwap(nil, p)
	e.cancel()
	e.hurryOne.Do(func() { close(e.hurry) })
	time.AfterFunc(panicGrace, func() { e.exit(p.Error() + "\n" + string(p.Stack)) })
}

// panic is the first panic of a goroutine, nil without any.
func (e *ending) panic() error {
	if p := e.panicked.Load(); p != nil {
		return p
	}
	return nil
}

// exit ends the process now.
func (e *ending) exit(why string) {
	e.restore()
	fmt.Fprintln(os.Stderr, "tailscope: "+why)
	os.Exit(exit.Failed)
}

// leaveScreen undoes what a screen switches on: the alternate screen, mouse,
// paste and focus reports, key reports, the hidden cursor, colours.
const leaveScreen = "\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[>4;0m\x1b[=0;1u\x1b[?1049l\x1b[?25h\x1b[0m\r\n"

// restore gives the terminal back as it was found.
func (e *ending) restore() {
	if !e.screen.Load() {
		return
	}
	if e.terminal != nil {
		_ = term.Restore(int(os.Stdin.Fd()), e.terminal) // nothing to do about it
	}
	_, _ = os.Stdout.WriteString(leaveScreen)
}
