package conformance

import (
	"fmt"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
)

// Scenarios about the flow of messages: flush, stop, the end of stdin, lines
// that are no messages.

// flush: whatever was asked is either measured or dropped, and work goes on.
func flush(e *engine) {
	e.load()
	for i := range e.hello.Credit {
		e.ask(e.plain(e.o.Lengths[i%len(e.o.Lengths)]))
	}
	e.send(&protocol.Flush{ID: 5})
	f, ok := e.answer().(*protocol.Flushed)
	if !ok || f.ID != 5 {
		e.fail("flush was answered by %+v", f)
	}
	if len(e.pending) > 0 {
		e.fail("%d requests are neither measured nor dropped after flush", len(e.pending))
	}
	e.run(1)
	e.stop()
}

// flushBeforeDue: a request that waits for its instant has not started.
func flushBeforeDue(e *engine) {
	e.load()
	r := e.plain(e.o.Lengths[0])
	r.DueNs = clock.Monotonic() + int64(300*time.Millisecond)
	e.ask(r)
	e.idle()
	if e.hello.Credit == 1 {
		e.stop()
		e.skip("with a credit of 1 nothing overtakes")
	}
	for range 2 {
		r := e.plain(e.o.Lengths[0])
		r.DueNs = clock.Monotonic() + int64(time.Hour)
		e.ask(r)
	}
	time.Sleep(50 * time.Millisecond)
	e.send(&protocol.Flush{ID: 6})
	if f, ok := e.answer().(*protocol.Flushed); !ok || len(f.Dropped) != 2 {
		e.fail("flush dropped %+v, want both requests that were not due", f)
	}
	e.stop()
}

// malformedLines: each gets an error that names its line, and work goes on.
func malformedLines(e *engine) {
	e.load()
	line := 1 // load
	for _, text := range []string{"this is not JSON", "[1,2]", `{"no":"type"}`, `{"t":"req"}`, "\x00\xff",
		strings.Repeat("x", protocol.MaxLine+10)} {
		before := len(e.errors)
		e.raw(text + "\n")
		line++
		e.until(fmt.Sprintf("error about line %d (%.20q)", line, text), func() bool { return len(e.errors) > before })
		m := e.errors[before]
		if m.Fatal || m.Code != "input" || !strings.Contains(m.Message, fmt.Sprint(line)) {
			e.fail("line %d (%.20q) was answered by %+v, want code input and the line's number", line, text, m)
		}
	}
	e.raw("\n{\"t\":\"of_a_later_version\",\"x\":1}\n")
	e.run(1)
	e.noErrors()
	e.stop()
}

// profile: the window ends after its requests and is answered.
func profile(e *engine) {
	e.load()
	e.send(&protocol.Profile{ID: 8, Requests: 2, Dir: e.dir})
	e.answered = nil
	e.run(2)
	e.until("profiled", func() bool { return len(e.answered) > 0 })
	p, ok := e.answered[0].(*protocol.Profiled)
	if !ok || p.ID != 8 || (p.Error == "") != e.has("profile") || (len(p.Files) > 0) != e.has("profile") {
		e.fail("profile was answered by %+v; hello lists the feature: %v", p, e.has("profile"))
	}
	e.stop()
}

// stopWithWork: stop overtakes what has not started.
func stopWithWork(e *engine) {
	e.load()
	e.askPlain(e.hello.Credit)
	e.stop()
}

// stdinCloses: nobody listens any more, so the engine ends, with exit 0.
func stdinCloses(e *engine) {
	e.load()
	e.askPlain(e.hello.Credit)
	if err := e.in.Close(); err != nil {
		e.fatal("close stdin: %v", err)
	}
	deadline := time.After(e.o.Answer)
	for {
		select {
		case m, ok := <-e.msgs:
			if !ok {
				e.exit(0)
				return
			}
			e.take(m)
		case <-deadline:
			e.fatal("still running %v after stdin closed", e.o.Answer)
		}
	}
}

// unknownOption: refused in one sentence, or of no concern to the engine.
func unknownOption(e *engine) {
	e.o.Load.Options = map[string]string{"no_such_option": "1"}
	e.until("hello", func() bool { return e.hello != nil })
	e.send(&e.o.Load)
	e.until("loaded or a fatal error", func() bool { return e.loaded != nil || len(e.fatals()) > 0 })
	if e.loaded != nil {
		e.stop()
		e.skip("the engine takes no options")
	}
	if m := e.fatals()[0]; m.Code != "option" || !strings.Contains(m.Message, "no_such_option") {
		e.fail("an unknown option was answered by %+v", m)
	}
	e.exit(1)
}
