package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
)

// followed reads a vLLM server's log, the lines of its start and those that
// follow, and returns the events.
func followed(t *testing.T, start string, lines ...string) []protocol.Event {
	t.Helper()
	var out bytes.Buffer
	s := NewServer("x", "", "", 1)
	s.Identity["server"] = "vllm"
	path := filepath.Join(t.TempDir(), "log")
	must.OK(t, os.WriteFile(path, []byte(start), 0o600))
	if s.learnFromFile(path); s.logAt != int64(len(start)) {
		t.Errorf("the log is followed from %d, want %d", s.logAt, len(start))
	}
	e := &engine{ctx: context.Background(), out: protocol.NewWriter(&out), servers: []*Server{s}}
	e.spans.begin(0, 7)
	l := &logTail{e: e, s: s, steps: map[int]*stepCost{}, modes: map[string]int{}}
	for _, line := range lines {
		line, l.trial = strings.CutPrefix(line, "trial: ")
		l.line(line)
	}
	l.conclude()
	var events []protocol.Event
	for line := range strings.Lines(out.String()) {
		var ev protocol.Event
		must.OK(t, json.Unmarshal([]byte(line), &ev))
		events = append(events, ev)
	}
	return events
}

func said(events []protocol.Event, words string) *protocol.Event {
	i := slices.IndexFunc(events, func(e protocol.Event) bool { return strings.Contains(e.Reason, words) })
	if i < 0 {
		return nil
	}
	return &events[i]
}

const (
	sixDecode = "Iteration(4): 0 context requests, 0 context tokens, 6 generation requests, 6 generation tokens, iteration elapsed time: 0.04 ms"
	prefill   = "Iteration(3): 5 context requests, 721 context tokens, 1 generation requests, 1 generation tokens, iteration elapsed time: 0.03 ms"
)

// TestAStepAboveTheCapturedSizes: vLLM's log does not say that a step ran
// without a graph; its tokens and the captured sizes do.
func TestAStepAboveTheCapturedSizes(t *testing.T) {
	start := "enforce_eager=False, 'max_num_seqs': 16, 'cudagraph_capture_sizes': [1, 2, 4] Asynchronous scheduling is enabled."
	jit := "Triton kernel JIT compilation during inference: _bias_kernel (key=[('*fp32', 'D')])."
	events := followed(t, start, "trial: "+jit, "trial: "+sixDecode, prefill, sixDecode, sixDecode, prefill)
	e := said(events, "no CUDA graph serves a decode step of 6: 4 is the largest captured")
	if e == nil || e.Kind != "fallback" || e.Extra["overlaps"] == nil {
		t.Fatalf("no fall off the captured sizes with its request: %+v", events)
	}
	if n := len(slices.DeleteFunc(slices.Clone(events), func(e protocol.Event) bool { return e.Kind != "fallback" })); n != 1 {
		t.Errorf("%d events of one run of steps", n)
	}
	if said(events, "Triton kernel _bias_kernel was compiled while serving; while tailscope tried which requests the server takes") == nil {
		t.Errorf("what the trial made the server compile: %+v", events)
	}
	e = said(events, "capture sizes, by the decode steps of its log: 2 steps: start the server with")
	if e == nil || !strings.Contains(e.Reason, `"cudagraph_capture_sizes":[6]`) || !strings.Contains(e.Reason, "No times of steps are known") {
		t.Errorf("the advice: %+v", e)
	}
	if said(events, "the log told of 2 decode steps of 1 sizes, and of 2 steps that read prompts") == nil {
		t.Errorf("%+v", events)
	}
}

// TestCapturedSizesOfPromptsStay: by vLLM's default mode steps that read
// prompts have piecewise graphs of the same sizes.
func TestCapturedSizesOfPromptsStay(t *testing.T) {
	for mode, want := range map[string]string{
		"<CUDAGraphMode.FULL_AND_PIECEWISE: (2, 1)>": `[6,8,16,32]}'`,
		"<CUDAGraphMode.PIECEWISE: 1>":               "3 of 3 captured sizes above 6 stay: steps that read prompts use them",
		"None":                                       "3 of 3 captured sizes above 6 stay: steps that read prompts may use them",
		"<CUDAGraphMode.FULL_DECODE_ONLY: (2, 0)>":   `[6]}'`,
	} {
		start := "enforce_eager=False, 'cudagraph_mode': " + mode + ", 'cudagraph_capture_sizes': [1, 2, 4, 8, 16, 32]"
		if events := followed(t, start, prefill, sixDecode); said(events, want) == nil {
			t.Errorf("%s: want %s of %+v", mode, want, events)
		}
	}
}

// TestAnEagerServerCapturesNothing: it is told what capturing could change,
// for the sizes of its decode steps alone, and falls off nothing.
func TestAnEagerServerCapturesNothing(t *testing.T) {
	events := followed(t, "enforce_eager=True, 'cudagraph_capture_sizes': []", prefill, sixDecode)
	e := said(events, "the server runs eager and captures nothing")
	if e == nil || !strings.Contains(e.Reason, "1 steps of up to 6 tokens") || strings.Contains(e.Reason, "721") || said(events, "no CUDA graph serves") != nil {
		t.Errorf("%+v", events)
	}
	if events := followed(t, "enforce_eager=False, 'cudagraph_capture_sizes': [6]", sixDecode); said(events, "what is captured serves them all") == nil || said(events, "start the server with") != nil {
		t.Errorf("%+v", events)
	}
}

// TestAKernelSaysForHowLongNothingStepped: vLLM's line has no duration.
func TestAKernelSaysForHowLongNothingStepped(t *testing.T) {
	s := NewServer("x", "", "", 1)
	e := &engine{ctx: context.Background(), out: protocol.NewWriter(&bytes.Buffer{}), servers: []*Server{s}}
	l := &logTail{e: e, s: s, last: 1e9}
	if got := l.stood(20e9); got != "" {
		t.Errorf("with no request: %q", got)
	}
	e.spans.recent[0] = []span{{request: 7, startNs: 21e9}, {request: 8, startNs: 24e9}}
	if got := l.stood(30e9); got != "; no step for 9.0 s before it" {
		t.Errorf("after an idle time: %q", got)
	}
	if got := l.stood(46e9); got != "; no step for 16.0 s before it" {
		t.Errorf("after a kernel: %q", got)
	}
	if got := l.stood(46e9 + 5e7); got != "" {
		t.Errorf("at once after another: %q", got)
	}
	l.last = 0
	for _, now := range []int64{50e9, 53e9} {
		if got := l.stood(now); got != "" {
			t.Errorf("of a log that tells of no steps: %q", got)
		}
	}
}

// TestALogByACommandEnds with the session, whatever the command has started, and
// a line that is too long is told of.
func TestALogByACommandEnds(t *testing.T) {
	for command, want := range map[string]string{
		"echo a line; sleep 600 | cat":               "1 of 1 lines of the log are of no kind that is known; the first: a line",
		"head -c 3000000 /dev/zero; sleep 600 | cat": "the log is read no further: bufio.Scanner: token too long",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		var out bytes.Buffer
		e := &engine{ctx: ctx, out: protocol.NewWriter(&out), servers: []*Server{NewServer("x", "", "", 1)}}
		began := time.Now()
		e.tail(0, e.servers[0], command)
		if d := time.Since(began); d > 10*time.Second || !strings.Contains(out.String(), want) {
			t.Errorf("%q ended after %v: %s", command, d, &out)
		}
	}
}

// TestALogByACommandDies with the observer, killed: a follower went on for ever, its
// pipeline, too.
func TestALogByACommandDies(t *testing.T) {
	const file = "TAILSCOPE_TEST_LOG_COMMAND"
	command := `for i in $(seq 600); do echo >> "$` + file + `"; sleep .05; done | cat`
	if os.Getenv(file) != "" {
		e := &engine{ctx: t.Context(), out: protocol.NewWriter(io.Discard), servers: []*Server{NewServer("x", "", "", 1)}}
		e.tail(0, e.servers[0], command)
		return
	}
	path := filepath.Join(t.TempDir(), "written")
	size := func() int64 {
		st, err := os.Stat(path)
		if err != nil {
			return 0
		}
		return st.Size()
	}
	c := exec.Command(os.Args[0], "-test.run=^TestALogByACommandDies$")
	c.Env = append(os.Environ(), file+"="+path)
	must.OK(t, c.Start())
	for size() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	must.OK(t, c.Process.Kill())
	_ = c.Wait()
	for last, until := int64(-1), time.Now().Add(20*time.Second); last != size(); time.Sleep(time.Second) {
		if last = size(); time.Now().After(until) {
			t.Fatal("the command still runs")
		}
	}
}

// TestTheTableOfGraphs counts vLLM's table by mode.
func TestTheTableOfGraphs(t *testing.T) {
	events := followed(t, "", "[cuda_graph.py:117] | 6 | 6 | 0 | NONE | 120 |", "[cuda_graph.py:117] | 3 | 4 | 1 | FULL | 12 |", "[cuda_graph.py:117] | 2 | 2 | 0 | NONE | 3 |")
	if said(events, "123 steps ran in mode NONE") == nil || said(events, "12 steps ran in mode FULL") == nil {
		t.Errorf("%+v", events)
	}
}

// TestStepsOfBucketsEndAtTheMostRequests: the real server's histogram holds
// prompts of hundreds of tokens; a batch of it decodes 16.
func TestStepsOfBucketsEndAtTheMostRequests(t *testing.T) {
	b := Buckets{Edges: []float64{1, 8, 16, 32, 64, math.Inf(1)}, Counts: []float64{2, 433, 1, 7, 3, 4}}
	for most, want := range map[int][]int{16: {1, 8, 16}, 6: {1, 6}, 512: {1, 8, 16, 32, 64, 512}} {
		var got []int
		for _, s := range stepsOfBuckets(b, most) {
			got = append(got, s.Tokens)
		}
		if !slices.Equal(got, want) {
			t.Errorf("at most %d: %v, want %v", most, got, want)
		}
	}
}
