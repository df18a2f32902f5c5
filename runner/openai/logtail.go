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
	"strconv"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/stats"
)

// withHolder runs $0 until file 3 ends: with who holds its other end, however that dies.
const withHolder = `(read _; kill -9 0) <&3 >/dev/null 2>&1 & exec 3<&- /bin/sh -c "$0"`

// tail follows a log: a file from its end, or a command's output.
func (e *engine) tail(k int, s *Server, log string) {
	t := &logTail{e: e, k: k, s: s, steps: map[int]*stepCost{}, modes: map[string]int{}}
	defer t.conclude()
	if sys.IsFile(log) {
		t.file(log)
		return
	}
	c := exec.CommandContext(e.ctx, "/bin/sh", "-c", withHolder, log)
	sys.NewGroup(c) // it may be a pipeline: all of it ends
	c.Cancel = func() error { return sys.KillGroup(c.Process.Pid) }
	out, err := c.StdoutPipe()
	held, hold, pipeErr := os.Pipe()
	if err = errors.Join(err, pipeErr); err == nil {
		defer hold.Close()
		c.Stderr, c.ExtraFiles = c.Stdout, []*os.File{held}
		err = c.Start()
		held.Close()
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
	if err := sc.Err(); err != nil && e.ctx.Err() == nil {
		e.say(k, stats.KindError, fmt.Sprintf("the log is read no further: %v", err))
		_, _ = io.Copy(io.Discard, out) // it would wait for a reader
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
	steps   map[int]*stepCost // of decoding alone, by tokens
	last    int64             // when it told of a step, or of a kernel after one; 0: it tells of no steps
	mixed   int               // steps that read prompts as well
	modes   map[string]int    // steps by the mode of their graph, of vLLM's table
	lines   int
	unknown int
	sample  string // the first line that no rule knew
	off     bool   // the last decode step ran without a graph
	trial   bool   // these lines came before the first request of the session
}

// file follows a file from where it ended when the session asked the server
// what it takes; a file that was truncated begins anew.
func (t *logTail) file(path string) {
	f, err := os.Open(path)
	if err != nil {
		t.e.say(t.k, stats.KindError, fmt.Sprintf("the log cannot be read: %v", err))
		return
	}
	defer f.Close()
	before, _ := f.Seek(0, io.SeekEnd)
	at, _ := f.Seek(min(t.s.logAt, before), io.SeekStart)
	r := bufio.NewReader(f)
	part := ""
	for {
		line, err := r.ReadString('\n')
		part += line
		at += int64(len(line))
		if err == nil {
			t.trial = at <= before && !t.e.o.NoLoad
			t.line(strings.TrimRight(part, "\r\n"))
			part = ""
			continue
		}
		if !errors.Is(err, io.EOF) {
			return
		}
		if st, err := f.Stat(); err == nil && st.Size() < at {
			at, _ = f.Seek(0, io.SeekStart)
			before = -1
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
	if t.trial {
		l.Reason += "; while tailscope tried which requests the server takes"
	}
	if st, ok := l.step(); ok && !t.trial {
		t.step(st, now)
		return
	}
	if l.Steady {
		if n, err := strconv.Atoi(l.Values["count"]); err == nil {
			t.modes[l.Values["mode"]] += n
		}
		return
	}
	if l.What == "jit" {
		l.Reason += t.stood(now)
	}
	ev := &protocol.Event{Kind: l.Kind, TNs: now - l.DurNs, DurNs: l.DurNs, Reason: l.Reason, Extra: map[string]any{"from": "log", "of": l.Of}}
	t.e.attach(t.k, l.What, ev, now-max(l.DurNs, 1), now)
}

// step counts one of decoding alone, and tells where a run of those begins
// that no captured size serves: by the line's own word, or by its tokens.
func (t *logTail) step(st logStep, now int64) {
	t.e.toldSteps(t.k)
	t.last = now
	if st.mixed {
		t.mixed++
		return
	}
	largest := t.s.largest()
	above := st.graph == "" && largest > 0 && st.tokens > largest
	off := st.graph == "False" || above
	t.count(st, off)
	if off {
		over, _ := t.e.spans.over(t.k, now-int64(1e6), now)
		t.e.spans.note(t.k, fellOff, over)
	}
	if off && !t.off {
		reason := fmt.Sprintf("a decode step of %d ran without a CUDA graph", st.tokens)
		if above {
			reason = fmt.Sprintf("no CUDA graph serves a decode step of %d: %d is the largest captured", st.tokens, largest)
		}
		t.e.attach(t.k, fellOff, &protocol.Event{Kind: stats.KindFallback, TNs: now, Reason: reason, Extra: map[string]any{"from": "log", "tokens": st.tokens}}, now-int64(1e6), now)
	}
	t.off = off
}

// stood says for how long the log had told of no step while a request ran: a
// line on a kernel comes when its compile is over, and says not how long it
// took.
func (t *logTail) stood(now int64) string {
	since := t.last
	if since == 0 {
		return ""
	}
	t.last = now
	if oldest := t.e.spans.oldest(t.k); oldest > 0 {
		if d := now - max(since, oldest); d >= int64(100*time.Millisecond) {
			return fmt.Sprintf("; no step for %.1f s before it", float64(d)/1e9)
		}
	}
	return ""
}

func (t *logTail) count(st logStep, off bool) {
	c := t.steps[st.tokens]
	if c == nil {
		c = &stepCost{}
		t.steps[st.tokens] = c
	}
	c.n++
	if off {
		c.eager++
	}
	if t.s.Identity["async scheduling"] != "true" { // there vLLM's time is the wait for a result that is made already: hundredths of a millisecond
		c.ms += st.ms
	}
}

// conclude says what was not understood, and the steps that were seen.
func (t *logTail) conclude() {
	if t.unknown > 0 {
		t.e.say(t.k, stats.KindMark, fmt.Sprintf("%d of %d lines of the log are of no kind that is known; the first: %s", t.unknown, t.lines, t.sample))
	}
	for _, mode := range slices.Sorted(maps.Keys(t.modes)) {
		t.e.say(t.k, stats.KindMark, fmt.Sprintf("by the table of graphs in the log %d steps ran in mode %s", t.modes[mode], mode))
	}
	if len(t.steps) == 0 {
		return
	}
	rows, n := make([]any, 0, len(t.steps)), 0
	for _, tokens := range slices.Sorted(maps.Keys(t.steps)) {
		c := t.steps[tokens]
		row := map[string]any{"tokens": tokens, "n": c.n, "eager": c.eager}
		if c.ms > 0 {
			row["ms"] = c.ms / float64(c.n)
		}
		rows, n = append(rows, row), n+c.n
	}
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	t.e.advise(t.k, stepsOfLog(t.steps), "the decode steps of its log")
	t.e.event(&protocol.Event{Kind: stats.KindMark, Lane: laneNames[t.k], Reason: fmt.Sprintf("the log told of %d decode steps of %d sizes, and of %d steps that read prompts", n, len(t.steps), t.mixed),
		Extra: map[string]any{"steps": rows, "mixed": t.mixed}})
}
