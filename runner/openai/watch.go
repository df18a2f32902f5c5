package openai

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// scrapeEvery is the time between two readings of /metrics.
const scrapeEvery = time.Second / 3

// lastLook is how long the reading after the last request may take: the session
// waits for the last words no longer than worker.StopGrace.
const lastLook = time.Second

// fellOff names what overlaps the requests whose steps no captured size serves.
const fellOff = "fall off the captured sizes"

// kvHigh is the share of the KV cache from which on it is called full.
const kvHigh = 0.95

// scrape reads a server's metrics until the session ends.
func (e *engine) scrape(k int, s *Server) {
	if s.metrics == "" {
		return
	}
	tick := time.NewTicker(scrapeEvery)
	defer tick.Stop()
	var first, last Page
	var lastNs int64
	told := map[string]bool{}
	for {
		body, _, err := s.get(e.ctx, s.metrics)
		now := clock.Monotonic()
		if err == nil {
			pg := ReadPage(string(body))
			if lastNs == 0 {
				first = pg
			} else {
				e.changed(k, last, pg, lastNs, now, told)
			}
			last, lastNs = pg, now
			e.report(k, first, pg)
		}
		select {
		case <-e.ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), lastLook)
			defer cancel()
			if body, _, err := s.get(ctx, s.metrics); err == nil && lastNs > 0 { // what the last requests did
				last = ReadPage(string(body))
			}
			e.tokens(k, first, last)
			return
		case <-tick.C:
		}
	}
}

// counted are the counters whose growth is an event.
var counted = []struct {
	is, what, says string
	kind           stats.Kind
}{
	{"preemptions", "preemption", "%.0f requests were preempted", stats.KindMark},
	{"eager passes", fellOff, "%.0f decode passes ran without a CUDA graph", stats.KindFallback},
	{"eager iterations", fellOff, "%.0f iterations ran without a CUDA graph", stats.KindFallback},
}

// changed tells what happened between two readings.
func (e *engine) changed(k int, a, b Page, from, to int64, told map[string]bool) {
	if s0, s1 := a.Values["start"], b.Values["start"]; s0 > 0 && s1 > s0 {
		e.attach(k, "restart", &protocol.Event{Kind: stats.KindWorkerRestart, Reason: "the server was started anew", TNs: to}, from, to)
		return
	}
	for _, c := range counted {
		before, was := a.Values[c.is]
		after, is := b.Values[c.is]
		if n := after - before; was && is && n > 0 {
			e.attach(k, c.what, &protocol.Event{Kind: c.kind, TNs: from, DurNs: to - from, Reason: fmt.Sprintf(c.says, n) + " between two readings",
				Extra: map[string]any{"n": n}}, from, to)
		}
	}
	edge := func(what string, high bool, says string) {
		if high && !told[what] {
			e.attach(k, what, &protocol.Event{Kind: stats.KindMark, Reason: says, TNs: to}, from, to)
		}
		told[what] = high
	}
	edge("queueing", b.Values["waiting"] > 0, fmt.Sprintf("%.0f requests wait for the server, %.0f run", b.Values["waiting"], b.Values["running"]))
	edge("full KV cache", b.Values["kv"] >= kvHigh, fmt.Sprintf("the KV cache is %.0f %% full", 100*b.Values["kv"]))
}

// report sends what the server says of itself now: counters of the engine.
func (e *engine) report(k int, first, now Page) {
	m := &protocol.Counters{Checks: protocol.Checks{Skipped: "outputs of servers are not compared"}, Engine: map[string]any{}}
	for _, name := range slices.Sorted(maps.Keys(now.Values)) {
		m.Engine[laneNames[k]+"."+name] = now.Values[name]
	}
	for _, name := range slices.Sorted(maps.Keys(now.Hists)) {
		d := now.Hists[name].Since(first.Hists[name])
		for _, q := range []float64{.5, .99} {
			if lo, hi, ok := d.Quantile(q); ok {
				m.Engine[fmt.Sprintf("%s.%s.p%g", laneNames[k], name, q*100)] = fmt.Sprintf("%g to %g", lo, hi)
			}
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.send(m)
}

// tokens tells, at the end, how many tokens the steps had: what the advisor
// of capture sizes reads.
func (e *engine) tokens(k int, first, last Page) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(last.Hists)) {
		d := last.Hists[name].Since(first.Hists[name])
		if d.N() == 0 {
			continue
		}
		edges := make([]any, len(d.Edges))
		for i, x := range d.Edges {
			if edges[i] = x; math.IsInf(x, 1) {
				edges[i] = "+Inf"
			}
		}
		if name == "tokens a step" && !e.steps[k] {
			e.advise(k, stepsOfBuckets(d, e.servers[k].mostTokens()), "the server's histogram, whose buckets are coarse and hold prompts too")
		}
		lo, hi, _ := d.Quantile(.5)
		e.event(&protocol.Event{Kind: stats.KindMark, Lane: laneNames[k], Reason: fmt.Sprintf("the server's own %s: %.0f observations, the median between %g and %g%s", name, d.N(), lo, hi, unitOf(name)),
			Extra: map[string]any{"histogram": name, "edges": edges, "counts": d.Counts}})
	}
}

// unitOf is what a histogram of the table is in.
func unitOf(name string) string {
	if name == "tokens a step" || name == "first response in ms" {
		return ""
	}
	return " s"
}

// learnFromFile reads settings from the start of a log.
func (s *Server) learnFromFile(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	s.logAt, _ = f.Seek(0, io.SeekEnd)
	_, _ = f.Seek(0, io.SeekStart)
	sc := bufio.NewScanner(io.LimitReader(f, 4<<20))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		s.LearnFromLog(sc.Text())
	}
}
