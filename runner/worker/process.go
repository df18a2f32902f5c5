package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/sys"
)

// Command is how an engine is started.
type Command struct {
	Argv []string
	Env  []string // whole environment; nil: this process's
	Dir  string
	Log  io.Writer // the worker's stderr; nil discards it

	Place Placement // where it starts: an engine need not know
}

// Process is one worker process: its own process group, killed with its
// parent. Messages arrive on Msgs, those that were read together as one slice;
// it closes after the last one. Done closes after that, at the latest a few
// seconds after the process or its output ended, or Kill was called.
type Process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	to     sender
	Msgs   chan []any
	said   lastWords
	cookie string // in its environment, and in that of all that it starts

	exited chan struct{} // the process has ended, or cannot be ended
	read   chan struct{} // its output has ended
	done   chan struct{}
	err    error // of Wait; valid after exited
	rerr   error // of reading; valid after read

	mu     sync.Mutex
	killed string // why it was killed by us; "": it was not
}

// StopGrace is how long a worker may take to end after it was asked to, or
// after it closed its output.
const StopGrace = 3 * time.Second

// drainGrace is how long output may come from what a dead worker has left.
const drainGrace = 300 * time.Millisecond

// errStuck says that not even SIGKILL ends the process: it waits in the kernel
// for a device.
var errStuck = errors.New("it cannot be killed: the kernel waits for a device")

var cookies atomic.Int64

// Start starts the worker. The thread that forks stays alive as long
// as the worker, because the kernel's parent-death signal follows the thread.
// It moves to the worker's CPUs first, which the worker inherits.
func Start(ctx context.Context, c Command) (*Process, error) {
	p := &Process{Msgs: make(chan []any, 16), exited: make(chan struct{}), read: make(chan struct{}), done: make(chan struct{}),
		cookie: "TAILSCOPE_WORKER_ID=" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(clock.Monotonic(), 36) + "-" + strconv.FormatInt(cookies.Add(1), 36)}
	p.cmd = exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	p.cmd.Env, p.cmd.Dir = c.Env, c.Dir
	if c.Env == nil {
		p.cmd.Env = os.Environ()
	}
	p.cmd.Env = append(slices.Clip(p.cmd.Env), p.cookie)
	sys.NewGroup(p.cmd)
	sys.DieWithParent(p.cmd)
	p.cmd.Cancel = func() error { return sys.EndGroup(p.cmd.Process.Pid) }
	p.cmd.WaitDelay = drainGrace // for what it has left behind and holds its stderr
	p.cmd.Stderr = &p.said
	if c.Log != nil {
		p.cmd.Stderr = io.MultiWriter(&p.said, c.Log)
	}
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("worker stdin: %w", err)
	}
	out, theirs, err := linePipe()
	if err != nil {
		return nil, fmt.Errorf("worker stdout: %w", err)
	}
	p.cmd.Stdout = theirs
	started := make(chan error)
	guard.Go("the worker's process", func() { p.live(c.Place, started) })
	err = <-started
	_ = theirs.Close() // the worker has its own copy
	if err != nil {
		_ = out.Close()
		return nil, fmt.Errorf("start worker %q: %w", c.Argv[0], err)
	}
	p.to.start(p.in, p.done)
	guard.Go("the reader of the worker's lines", func() { p.readAll(out) })
	guard.Go("the end of the worker", func() { p.end(out) })
	return p, nil
}

// live starts the process and waits for it on one thread.
func (p *Process) live(place Placement, started chan<- error) {
	runtime.LockOSThread() // ended with the goroutine: no Unlock
	err := place.enter()
	if err == nil {
		err = p.cmd.Start()
	}
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	close(p.exited)
}

// stopper is the worker's pipe: Stop ends a Read that waits.
type stopper interface{ Stop() }

// end sees that process and output end together: a process that has closed its
// output is killed, output of what a dead process has left behind is not waited
// for.
func (p *Process) end(out io.Closer) {
	defer close(p.done)
	select {
	case <-p.read:
		select {
		case <-p.exited:
		case <-time.After(StopGrace):
			p.Kill("it closed its output and did not end")
			select {
			case <-p.exited:
			case <-time.After(StopGrace):
				p.err = errStuck
			}
		}
	case <-p.exited:
		killTree(p.PID(), p.cookie)
		select {
		case <-p.read:
		case <-time.After(drainGrace):
			if s, ok := out.(stopper); ok {
				s.Stop()
			} else {
				_ = out.Close()
			}
			<-p.read
		}
	}
	killTree(p.PID(), p.cookie)
}

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done closes when the process has ended; Msgs has closed before.
func (p *Process) Done() <-chan struct{} { return p.done }

// Send adds a message to what the next Post writes.
func (p *Process) Send(msg any) { p.to.send(msg) }

// Post writes to the worker what was sent since the last one. It never waits.
func (p *Process) Post() { p.to.post() }

// CloseInput closes the worker's stdin after everything that was sent.
func (p *Process) CloseInput() { p.to.closeInput() }

// Kill ends the process and all that it has started, at once. why goes into
// the reason of its exit; the first one counts.
func (p *Process) Kill(why string) {
	p.mu.Lock()
	if p.killed == "" {
		p.killed = why
	}
	p.mu.Unlock()
	killTree(p.PID(), p.cookie)
}

// Ending says that the worker is about to end: it is killed when it does not.
func (p *Process) Ending() {
	time.AfterFunc(StopGrace, func() {
		select {
		case <-p.done:
		default:
			p.Kill("it said bye and did not end")
		}
	})
}

// Limits of what is read together, so that memory is bounded by bytes too.
const (
	maxTogether = 64      // messages of one slice
	largeLine   = 1 << 20 // bytes: one this long is handled before the next is read
)

// readAll decodes the worker's lines until its stdout closes.
func (p *Process) readAll(out io.ReadCloser) {
	defer close(p.read)
	defer out.Close()
	defer close(p.Msgs)
	r := protocol.NewReader(out)
	var l linger
	var together []any
	for {
		msg, err := r.Next()
		if err != nil {
			if len(together) > 0 {
				p.Msgs <- together
			}
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
				p.rerr = err
				p.Kill(brokeProtocol)
			}
			return
		}
		together = append(together, msg)
		l.take(msg, time.Now())
		large := r.Size() > largeLine
		if len(together) < maxTogether && r.HasLine() && !large {
			continue
		}
		p.Msgs <- together
		together = nil
		for large && len(p.Msgs) > 0 {
			time.Sleep(time.Millisecond)
		}
		if d := l.pause(); d > 0 && r.Buffered() == 0 {
			time.Sleep(d)
		}
	}
}
