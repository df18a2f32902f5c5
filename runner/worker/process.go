package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tailscope/tailscope/runner/protocol"
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
// it closes after the last one; then Exit holds why.
type Process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	to   sender
	Msgs chan []any
	tail *tailBuffer
	done chan struct{}
	err  error // of Wait; valid after done
	rerr error // of reading; valid after Msgs closed
}

// StopGrace is how long a worker may take to end after it was asked to.
const StopGrace = 3 * time.Second

// Start starts the worker. The thread that forks stays alive as long
// as the worker, because the kernel's parent-death signal follows the thread.
// It moves to the worker's CPUs first, which the worker inherits.
func Start(ctx context.Context, c Command) (*Process, error) {
	p := &Process{Msgs: make(chan []any, 16), tail: &tailBuffer{max: 4096}, done: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	p.cmd.Env, p.cmd.Dir = c.Env, c.Dir
	p.cmd.SysProcAttr = workerAttr()
	p.cmd.Cancel = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM) }
	p.cmd.WaitDelay = StopGrace
	p.cmd.Stderr = p.tail
	if c.Log != nil {
		p.cmd.Stderr = io.MultiWriter(p.tail, c.Log)
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
	read := make(chan struct{})
	go func() {
		runtime.LockOSThread() // ended with the goroutine: no Unlock
		err := c.Place.enter()
		if err == nil {
			err = p.cmd.Start()
		}
		started <- err
		if err != nil {
			return
		}
		<-read
		p.err = p.cmd.Wait()
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // what the worker left in its group
		close(p.done)
	}()
	err = <-started
	_ = theirs.Close() // the worker has its own copy
	if err != nil {
		_ = out.Close()
		return nil, fmt.Errorf("start worker %q: %w", c.Argv[0], err)
	}
	p.to.start(p.in, p.done)
	go p.read(out, read)
	return p, nil
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

// maxTogether bounds the messages of one slice.
const maxTogether = 64

// read decodes the worker's lines until its stdout closes.
func (p *Process) read(out io.ReadCloser, read chan<- struct{}) {
	defer close(read)
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
			if !errors.Is(err, io.EOF) {
				p.rerr = err
				p.Kill()
			}
			return
		}
		together = append(together, msg)
		l.take(msg, time.Now())
		if len(together) < maxTogether && r.HasLine() {
			continue
		}
		p.Msgs <- together
		together = nil
		if d := l.pause(); d > 0 && r.Buffered() == 0 {
			time.Sleep(d)
		}
	}
}

// Kill ends the whole group at once.
func (p *Process) Kill() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// ExitReason says in a sentence why the worker ended; valid after done.
func (p *Process) ExitReason() string {
	tail := lastLine(p.tail.String())
	switch {
	case p.rerr != nil:
		return fmt.Sprintf("the worker broke the protocol: %v", p.rerr)
	case p.err == nil:
		return "the worker ended by itself"
	}
	var ee *exec.ExitError
	if errors.As(p.err, &ee) {
		ws, _ := ee.Sys().(syscall.WaitStatus)
		switch {
		case ws.Signaled() && ws.Signal() == syscall.SIGKILL:
			return "the worker was killed (SIGKILL: by a user, or for want of memory)"
		case ws.Signaled():
			return fmt.Sprintf("the worker died of %v", ws.Signal())
		case tail != "":
			return fmt.Sprintf("the worker exited with %d: %s", ws.ExitStatus(), tail)
		}
		return fmt.Sprintf("the worker exited with %d", ws.ExitStatus())
	}
	return fmt.Sprintf("the worker ended: %v", p.err)
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		s = s[i+1:]
	}
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}

// tailBuffer keeps the last bytes written to it. Safe for concurrent use.
type tailBuffer struct {
	mu  sync.Mutex
	b   []byte
	max int
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if n := len(t.b) - t.max; n > 0 {
		t.b = append(t.b[:0], t.b[n:]...)
	}
	return len(p), nil
}

func (t *tailBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
