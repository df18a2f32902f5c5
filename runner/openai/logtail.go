package openai

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// tail follows a log: a file from its end, or a command's output.
func (e *engine) tail(k int, s *Server, log string) {
	t := &logTail{e: e, k: k, s: s, steps: map[int]*stepCost{}}
	defer t.conclude()
	if isFile(log) {
		t.file(log)
		return
	}
	c := exec.CommandContext(e.ctx, "/bin/sh", "-c", log)
	out, err := c.StdoutPipe()
	if err == nil {
		c.Stderr = c.Stdout
		err = c.Start()
	}
	if err != nil {
		e.say(k, stats.KindError, fmt.Sprintf("the log cannot be read: %v", err))
		return
	}
	sc := bufio.NewScanner(out)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		t.line(sc.Text())
	}
	_ = c.Wait() // it ends with the session
}

func (e *engine) say(k int, kind stats.Kind, reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.event(&protocol.Event{Kind: kind, Lane: laneNames[k], Reason: reason})
}

// stepCost sums up the steps of one number of tokens.
type stepCost struct {
	n, eager int
	ms       float64
}

// logTail reads one server's log.
type logTail struct {
	e       *engine
	k       int
	s       *Server
	steps   map[int]*stepCost
	lines   int
	unknown int
	sample  string // the first line that no rule knew
	off     bool   // the last decode step ran without a graph
}

// file follows a file from its end; a file that was truncated begins anew.
func (t *logTail) file(path string) {
	f, err := os.Open(path)
	if err != nil {
		t.e.say(t.k, stats.KindError, fmt.Sprintf("the log cannot be read: %v", err))
		return
	}
	defer f.Close()
	at, _ := f.Seek(0, io.SeekEnd)
	r := bufio.NewReader(f)
	part := ""
	for {
		line, err := r.ReadString('\n')
		part += line
		at += int64(len(line))
		if err == nil {
			t.line(strings.TrimRight(part, "\r\n"))
			part = ""
			continue
		}
		if !errors.Is(err, io.EOF) {
			return
		}
		if st, err := f.Stat(); err == nil && st.Size() < at {
			at, _ = f.Seek(0, io.SeekStart)
			r.Reset(f)
			part = ""
		}
		select {
		case <-t.e.ctx.Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// line takes one line: an event, a step, or nothing known.
func (t *logTail) line(text string) {
	now := clock.Monotonic()
	t.lines++
	l, ok := ReadLog(text)
	if !ok {
		if t.unknown++; t.unknown == 1 {
			t.sample = short(strings.ToValidUTF8(text, "�"))
		}
		return
	}
	if tokens, ms, graph, ok := l.step(); ok {
		t.step(tokens, ms, graph, now)
		return
	}
	if l.Steady {
		return
	}
	ev := &protocol.Event{Kind: l.Kind, TNs: now - l.DurNs, DurNs: l.DurNs, Reason: l.Reason, Extra: map[string]any{"from": "log", "of": l.Of}}
	t.e.attach(t.k, l.What, ev, now-max(l.DurNs, 1), now)
}

func (t *logTail) step(tokens int, ms float64, graph string, now int64) {
	c := t.steps[tokens]
	if c == nil {
		c = &stepCost{}
		t.steps[tokens] = c
	}
	c.n, c.ms = c.n+1, c.ms+ms
	off := graph == "False"
	if off {
		c.eager++
	}
	if off && !t.off {
		t.e.attach(t.k, "fall off the captured sizes", &protocol.Event{Kind: stats.KindFallback, TNs: now,
			Reason: fmt.Sprintf("a decode step of %d ran without a CUDA graph", tokens), Extra: map[string]any{"from": "log", "tokens": tokens}}, now-int64(1e6), now)
	}
	t.off = off
}

// conclude says what was not understood, and the steps that were seen.
func (t *logTail) conclude() {
	if t.unknown > 0 {
		t.e.say(t.k, stats.KindMark, fmt.Sprintf("%d of %d lines of the log are of no kind that is known; the first: %s", t.unknown, t.lines, t.sample))
	}
	if len(t.steps) == 0 {
		return
	}
	rows := make([]any, 0, len(t.steps))
	for _, n := range slices.Sorted(maps.Keys(t.steps)) {
		c := t.steps[n]
		rows = append(rows, map[string]any{"tokens": n, "n": c.n, "ms": c.ms / float64(c.n), "eager": c.eager})
	}
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	t.e.steps[t.k] = true
	t.e.advise(t.k, stepsOfLog(t.steps), "the steps of its log")
	t.e.event(&protocol.Event{Kind: stats.KindMark, Lane: laneNames[t.k], Reason: fmt.Sprintf("the log told of steps of %d different sizes", len(t.steps)),
		Extra: map[string]any{"steps": rows}})
}
