package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/verdict"
)

// maxTold are the segments whose verdicts stand in the report one by one.
const maxTold = 12

// changes is what each change of the settings did: a session that had several
// settings has no verdict over all of them.
func (d *document) segments(c *folder.Collected, x *folder.ModeResult) {
	list := x.Summary.Segments
	d.para(fmt.Sprintf("The settings changed %s during this session, so each part is judged alone.", times(len(list)-1)))
	d.section(3, "Before and after each change", segmentsTable(c, x.Summary))
	for i := range list[:min(len(list), maxTold)] {
		s := &list[i]
		d.head(3, "Segment "+s.Segment+": "+segmentWord(c, s))
		d.answer(x.Summary, &s.Paradox, s.Segment)
	}
	if len(list) > maxTold {
		d.para(fmt.Sprintf("%d more segments are judged in %s/analysis/summary.json.", len(list)-maxTold, x.Mode))
	}
	d.draw(segmentCurves(c, x), "Latency at each quantile, segment by segment. The pointer reads it off.")
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return strconv.Itoa(n) + " times"
}

// segmentWord says what a segment was.
func segmentWord(c *folder.Collected, s *stats.SegmentSummary) string {
	w := cmp.Or(s.Strategy, "several strategies")
	if s.AA {
		w = "A/A, both lanes eager"
	}
	if b, ok := c.Begins[s.ID]; ok && b.Label != "" && !strings.EqualFold(b.Label, w) && !strings.HasPrefix(w, b.Label) {
		w += " (" + b.Label + ")"
	}
	return w
}

func segmentsTable(c *folder.Collected, s *stats.SummaryFile) table {
	t := table{head: []string{"segment", "from, s", "what ran", "lane", "n", "mean", "p50", "p95", "p99", "max", "compiled"}, note: fewSamples}
	for i := range s.Segments {
		x := &s.Segments[i]
		from := "0"
		if b, ok := c.Begins[x.ID]; ok {
			from = strconv.FormatFloat(b.S, 'f', 1, 64)
		}
		for g := range s.Over(x.Segment) {
			lane, compiled := g.Lane, "—"
			if lane == stats.Optimized.String() {
				compiled = strconv.Itoa(x.Compiled)
				if x.AA {
					lane = "eager, second"
				}
			}
			t.rows = append(t.rows, slices.Concat([]string{x.Segment, from, segmentWord(c, x), lane}, figures(g), []string{compiled}))
		}
	}
	return t
}

// figures are the cells n, mean, p50, p95, p99 and max.
func figures(g *stats.GroupSummary) []string {
	return []string{strconv.Itoa(g.N), cellNum(g.MeanMs), supported(g.P50Ms, g.N, .5), supported(g.P95Ms, g.N, .95), supported(g.P99Ms, g.N, .99), cellNum(g.MaxMs)}
}

// segmentCurves are the first segments' lanes.
func segmentCurves(c *folder.Collected, x *folder.ModeResult) (out []curve) {
	for i := range x.Summary.Segments[:min(len(x.Summary.Segments), 3)] {
		s := &x.Summary.Segments[i]
		for l := range stats.Lane(stats.NumLanes) {
			lane := l.String()
			if s.AA && l == stats.Optimized {
				lane = "eager, second"
			}
			if k, ok := curveOf(plain.Line("segment "+s.Segment+", "+s.Strategy+": "+lane), inMs(c.Analysis.Walls(x.Mode, l, s.ID))); ok {
				out = append(out, k)
			}
		}
	}
	return out
}

// answer is what a mode, or a segment of it, came to: who is faster at what, the verdict, what to do.
func (d *document) answer(f *stats.SummaryFile, p *stats.Paradox, segment string) {
	if s := alone(f, segment); s != "" {
		d.strong(cmp.Or(p.Sentence, "No verdict.") + s)
		return
	}
	d.strong(cmp.Or(p.Sentence, "No verdict."))
	d.table(shortTable(f, p, segment))
	d.advice(p)
}

// alone is what a mode in which only one lane has samples came to.
func alone(f *stats.SummaryFile, segment string) string {
	lanes := slices.Collect(f.Over(segment))
	if len(lanes) != 1 {
		return ""
	}
	only := lanes[0]
	s := fmt.Sprintf(" Half of the %s lane's %d requests took longer than %s ms, the slowest %s ms.",
		only.Lane, only.N, cellNum(only.P50Ms), cellNum(only.MaxMs))
	for _, c := range f.Causes {
		if c.Lane == only.Lane && c.Cause == stats.CauseCompile.String() && segment == "*" {
			s += fmt.Sprintf(" %d of its slowest made an executable; what was compiled, and why, stands below.", c.N)
		}
	}
	return s
}

// shortTable says in everyday words who is faster.
func shortTable(f *stats.SummaryFile, p *stats.Paradox, segment string) table {
	t := table{head: []string{"in ms", "eager", "optimized", "faster"}, note: fewSamples}
	if p.Verdict == verdict.AA {
		t.head[2] = "eager, second"
	}
	var g [stats.NumLanes]*stats.GroupSummary
	for x := range f.Over(segment) {
		if l, err := stats.ParseLane(x.Lane); err == nil {
			g[l] = x
		}
	}
	e, o := g[stats.Eager], g[stats.Optimized]
	if e == nil || o == nil {
		return table{}
	}
	for _, r := range []struct {
		what, key string
		q         float64
		of        func(*stats.GroupSummary) stats.Num
	}{
		{"a typical request (p50)", "median", .5, func(g *stats.GroupSummary) stats.Num { return g.P50Ms }},
		{"the average (mean)", "mean", 0, func(g *stats.GroupSummary) stats.Num { return g.MeanMs }},
		{"one request in a hundred takes longer than (p99)", "p99", .99, func(g *stats.GroupSummary) stats.Num { return g.P99Ms }},
	} {
		t.rows = append(t.rows, []string{r.what, supported(r.of(e), e.N, r.q), supported(r.of(o), o.N, r.q), faster(p, r.key, float64(r.of(e)), float64(r.of(o)))})
	}
	return t
}

// faster names who is told to be faster, and by which factor where the figures beside it say the same.
func faster(p *stats.Paradox, statistic string, eager, optimized float64) string {
	for i := range p.Statistics {
		s := &p.Statistics[i]
		if s.Statistic != statistic || s.Winner == nil {
			continue
		}
		if *s.Winner == "~" {
			return "neither, within the noise"
		}
		factor := eager / optimized
		if *s.Winner == stats.Eager.String() {
			factor = 1 / factor
		}
		if !(factor > 1) {
			return *s.Winner + ", request by request"
		}
		return fmt.Sprintf("%s, %s× faster", *s.Winner, strconv.FormatFloat(factor, 'g', 3, 64))
	}
	return "not told apart"
}

// shapesTable is what each shape cost and took.
func shapesTable(c *folder.Collected, mode stats.Mode) table {
	t := table{head: []string{"shape", "strategy", "eager n", "eager p50", "optimized n", "optimized p50", "optimized max", "compiled", "compile ms"}, note: fewSamples}
	shapes := slices.DeleteFunc(c.Analysis.Shapes(mode), func(s exact.Shape) bool { return s.Name == "" })
	if len(shapes) > maxShapes {
		t.after = fmt.Sprintf("The first %d of %d, by what their executables cost and then by how often they came.", maxShapes, len(shapes))
	}
	for _, s := range shapes[:min(len(shapes), maxShapes)] {
		p50 := func(v []int64) string { return supported(stats.Ms(quantile.Percentile(v, .5)), len(v), .5) }
		e, o := s.Walls[stats.Eager], s.Walls[stats.Optimized]
		longest := "—"
		if len(o) > 0 {
			longest = cellNum(stats.Ms(float64(o[len(o)-1])))
		}
		t.rows = append(t.rows, []string{s.Name, s.Strategy, strconv.Itoa(len(e)), p50(e), strconv.Itoa(len(o)), p50(o), longest, strconv.Itoa(s.Compiled), cellNum(stats.Ms(s.CompileNs))})
	}
	return t
}

// maxShapes bounds the rows of a table.
const maxShapes = 200

// compilesTable lists each executable that was made, and why.
func compilesTable(c *folder.Collected, mode stats.Mode) table {
	t := table{head: []string{"at, s", "request", "shape", "strategy", "ms", "why"}}
	for i := range c.Compiles {
		e := &c.Compiles[i]
		if e.Mode != mode.String() && e.Mode != "" {
			continue
		}
		request := "—"
		if e.Request != nil {
			request = strconv.FormatUint(*e.Request, 10)
		}
		t.rows = append(t.rows, []string{strconv.FormatFloat(float64(e.TNs-c.Manifest.StartNs)/1e9, 'f', 2, 64), request, e.Shape, e.Strategy,
			cellNum(stats.Ms(float64(e.DurNs))), e.Reason})
	}
	if c.Made > len(c.Compiles) {
		t.after = fmt.Sprintf("The first %d of %d in all modes; events.jsonl has all.", len(c.Compiles), c.Made)
	}
	return t
}

// slowestTable is what is known of the slowest samples.
func slowestTable(c *folder.Collected, mode stats.Mode) table {
	t := table{head: []string{"latency", "lane", "cause", "shape", "strategy", "scenario", "segment", "compile", "CPU wait", "seq in samples.parquet"}}
	for _, w := range c.Analysis.Slowest(mode, 20) {
		t.rows = append(t.rows, []string{cellNum(stats.Ms(float64(w.WallNs))), w.Lane.String(), strings.ReplaceAll(cmp.Or(w.Cause.String(), "not in the tail"), "_", " "), w.Shape, w.Strategy, w.Scenario,
			strconv.Itoa(int(w.Segment)), cellNum(stats.Ms(w.CompileNs)), cellNum(stats.Ms(w.WaitNs)), strconv.FormatUint(w.Seq, 10)})
	}
	return t
}
