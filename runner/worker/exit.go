package worker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	"github.com/tailscope/tailscope/runner/plain"
)

// ExitReason says in a sentence why the worker ended; valid after Done.
func (p *Process) ExitReason() string {
	p.mu.Lock()
	killed := p.killed
	p.mu.Unlock()
	crash, tail := p.said.words()
	var ee *exec.ExitError
	isExit := errors.As(p.err, &ee)
	switch {
	case killed != "" && killed != brokeProtocol && errors.Is(p.rerr, io.ErrUnexpectedEOF): // the line that it was killed in
		return "tailscope killed the worker: " + killed
	case p.rerr != nil:
		return fmt.Sprintf("the worker broke the protocol: %v", p.rerr)
	case errors.Is(p.err, errStuck):
		return fmt.Sprintf("the worker was to be killed (%s) but %v", killed, p.err)
	case killed != "" && (!isExit || signalOf(ee) == syscall.SIGKILL):
		return "tailscope killed the worker: " + killed
	case p.err == nil || errors.Is(p.err, exec.ErrWaitDelay):
		return "the worker ended by itself"
	case !isExit:
		return fmt.Sprintf("the worker ended: %v", p.err)
	case signalOf(ee) == syscall.SIGKILL:
		return "the worker was killed (SIGKILL: by a user, or for want of memory)"
	}
	how := fmt.Sprintf("exited with %d", ee.ExitCode())
	if sig := signalOf(ee); sig != 0 {
		how = fmt.Sprintf("died of %v", sig)
	}
	switch {
	case crash != "":
		return fmt.Sprintf("the worker %s: %s", how, crash)
	case tail != "" && signalOf(ee) == 0:
		return fmt.Sprintf("the worker %s: %s", how, tail)
	}
	return "the worker " + how
}

func signalOf(ee *exec.ExitError) syscall.Signal {
	if ws, ok := ee.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return ws.Signal()
	}
	return 0
}

const brokeProtocol = "it broke the protocol"

// crashMarks begin the line that says what a crash is: of Go's runtime, of C++,
// of Python and of glibc.
var crashMarks = []string{"SIG", "panic: ", "fatal error: ", "terminate called", "Fatal Python error: ", "Assertion ", "*** ", "CUDA error"}

// nativeMark is how Go's runtime says that the crash was in C or C++.
const nativeMark = "signal arrived during cgo execution"

// lastWords keeps what tells about a worker's end from its stderr: the line of
// a crash, which a dump of registers would bury, and the last bytes. Safe for
// concurrent use. The zero value is empty.
type lastWords struct {
	mu     sync.Mutex
	tail   []byte
	line   []byte // the unfinished one
	crash  string // the first of the last crash
	native bool
}

const (
	tailBytes = 4096
	lineBytes = 512 // of a line that are looked at
)

// Write takes a piece of stderr.
func (w *lastWords) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tail = append(w.tail, p[max(len(p)-tailBytes, 0):]...)
	if n := len(w.tail) - tailBytes; n > 0 {
		w.tail = append(w.tail[:0], w.tail[n:]...)
	}
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte{'\n'})
		if room := lineBytes - len(w.line); room > 0 {
			w.line = append(w.line, line[:min(room, len(line))]...)
		}
		if ended {
			w.look(string(w.line))
			w.line = w.line[:0]
		}
		rest = after
	}
	return len(p), nil
}

// look notes a line that begins a crash.
func (w *lastWords) look(line string) {
	if w.crash != "" {
		w.native = w.native || strings.Contains(line, nativeMark)
		return
	}
	for _, mark := range crashMarks {
		if strings.HasPrefix(line, mark) && (mark != "SIG" || isSignalLine(line)) {
			w.crash = clip(line)
			return
		}
	}
}

// isSignalLine tells "SIGFPE: floating-point exception" from a log line.
func isSignalLine(line string) bool {
	name, _, ok := strings.Cut(line, ": ")
	return ok && len(name) <= 9 && strings.ToUpper(name) == name && !strings.Contains(name, " ")
}

// words are the line of a crash and the last line.
func (w *lastWords) words() (crash, last string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.line) > 0 {
		w.look(string(w.line)) // unfinished, and the last
	}
	if crash = w.crash; crash != "" && w.native {
		crash += ", " + NativeCode
	}
	s := strings.TrimSpace(string(w.tail))
	return crash, clip(s[strings.LastIndexByte(s, '\n')+1:])
}

// NativeCode stands in the reason of an exit for what runs below the worker's
// own code; who knows the engine may put its name there.
const NativeCode = "in native code"

func clip(s string) string { return plain.Clip(s, 300) }
