package conformance

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/sys"
)

// engine is one life of the process under test with what it said so far.
type engine struct {
	o    Options
	cmd  *exec.Cmd
	in   io.WriteCloser
	w    *protocol.Writer
	msgs chan received
	log  *logBuffer
	dir  string // for profiles

	hello    *protocol.Hello
	loaded   *protocol.Loaded
	pending  map[uint64]*asked
	rows     []row
	events   []*protocol.Event
	errors   []*protocol.Error
	count    *protocol.Counters
	proof    []*protocol.Evidence
	bye      *protocol.Bye
	answered []any // flushed, cleared, profiled

	nextID  uint64
	broken  []string
	skipped []string
}

// asked is a request on its way.
type asked struct {
	req  *protocol.Request
	sent int64
	left map[string]bool // lanes that have not reported
}

// row is one sample with its batch's constants.
type row struct {
	b *protocol.Batch
	i int
	r *protocol.Request
}

// err is why the sample failed, "" where it did not.
func (r row) err() string {
	if len(r.b.Error) == 0 {
		return ""
	}
	return r.b.Error[r.i]
}

type received struct {
	msg any
	err error
	at  int64
}

func start(argv []string, o Options, dir string) (*engine, error) {
	e := &engine{o: o, pending: map[uint64]*asked{}, msgs: make(chan received, 1024), log: &logBuffer{}, dir: dir}
	e.cmd = exec.Command(argv[0], argv[1:]...)
	e.cmd.Env, e.cmd.Dir, e.cmd.Stderr = o.Env, o.Dir, e.log
	sys.NewGroup(e.cmd)
	in, err := e.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	e.in, e.w = in, protocol.NewWriter(in)
	if err := e.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	go func() {
		defer close(e.msgs)
		r := protocol.NewReader(out)
		for {
			msg, err := r.Next()
			if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return
			}
			e.msgs <- received{msg, err, clock.Monotonic()}
			var line *protocol.LineError
			if err != nil && !errors.As(err, &line) {
				return
			}
		}
	}()
	return e, nil
}

func (e *engine) kill() { _ = sys.KillGroup(e.cmd.Process.Pid) }

// fail notes a broken rule; the scenario goes on.
func (e *engine) fail(format string, args ...any) {
	if len(e.broken) < 20 {
		e.broken = append(e.broken, fmt.Sprintf(format, args...))
	}
}

// fatal notes a broken rule and ends the scenario.
func (e *engine) fatal(format string, args ...any) {
	e.fail(format, args...)
	panic(giveUp{})
}

// skip ends the scenario because the engine does not claim the feature.
func (e *engine) skip(why string) {
	e.skipped = append(e.skipped, why)
	panic(giveUp{})
}

// send writes one message.
func (e *engine) send(msg any) {
	if err := e.w.Send(msg); err != nil {
		e.fatal("write to the engine: %v", err)
	}
}

// raw writes bytes that need not be a message.
func (e *engine) raw(s string) {
	if _, err := io.WriteString(e.in, s); err != nil {
		e.fatal("write to the engine: %v", err)
	}
}

// ask sends a request when there is credit.
func (e *engine) ask(r *protocol.Request) {
	if len(e.pending) >= e.hello.Credit {
		e.until("credit", func() bool { return len(e.pending) < e.hello.Credit })
	}
	a := &asked{req: r, sent: clock.Monotonic(), left: map[string]bool{}}
	for _, lane := range r.Order {
		a.left[lane] = true
	}
	e.pending[r.ID] = a
	e.send(r)
}

// until takes messages until done says so.
func (e *engine) until(what string, done func() bool) {
	deadline := time.After(e.o.Answer)
	for !done() {
		select {
		case m, ok := <-e.msgs:
			if !ok {
				e.fatal("stdout closed while waiting for %s", what)
			}
			e.take(m)
		case <-deadline:
			e.fatal("no %s within %v", what, e.o.Answer)
		}
	}
}

// idle waits until every request was answered.
func (e *engine) idle() {
	e.until("answer to every request", func() bool { return len(e.pending) == 0 })
}

// load takes hello and loads the model.
func (e *engine) load() {
	e.until("hello", func() bool { return e.hello != nil })
	l := e.o.Load
	l.Modes = nil
	e.send(&l)
	e.until("loaded", func() bool { return e.loaded != nil || len(e.fatals()) > 0 })
	if e.loaded == nil {
		e.fatal("load was refused: %s", e.fatals()[0].Message)
	}
}

func (e *engine) fatals() []*protocol.Error {
	return slices.DeleteFunc(slices.Clone(e.errors), func(m *protocol.Error) bool { return !m.Fatal })
}

// stop ends the engine in order and checks its farewell.
func (e *engine) stop() {
	e.send(&protocol.Stop{})
	e.farewell()
}

// farewell waits for bye, the end of stdout and exit 0.
func (e *engine) farewell() {
	e.until("bye", func() bool { return e.bye != nil })
	if got, want := e.bye.Samples, uint64(len(e.rows)); got != want {
		e.fail("bye counts %d samples, batches held %d", got, want)
	}
	e.checkCounters()
	e.exit(0)
}

// exit waits for the process to end with the code.
func (e *engine) exit(code int) {
	ended := make(chan struct{})
	go func() {
		for m := range e.msgs {
			if m.err == nil {
				e.log.note(fmt.Sprintf("after its last word: %T", m.msg))
			}
		}
		_ = e.cmd.Wait() // the exit code says it
		close(ended)
	}()
	select {
	case <-ended:
		if got := e.cmd.ProcessState.ExitCode(); got != code {
			e.fail("exit code %d, want %d", got, code)
		}
	case <-time.After(e.o.Answer):
		e.fatal("still running %v after its last word", e.o.Answer)
	}
	if strings.Contains(e.log.String(), "after its last word") {
		e.fail("messages after bye")
	}
}

// logBuffer keeps the end of the engine's log.
type logBuffer struct {
	mu sync.Mutex
	b  []byte
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	if n := len(l.b) - 8192; n > 0 {
		l.b = l.b[n:]
	}
	return len(p), nil
}

func (l *logBuffer) note(s string) { _, _ = l.Write([]byte(s + "\n")) }

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b)
}
