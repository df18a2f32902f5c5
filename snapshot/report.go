package snapshot

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"tailscope/snapshot/labels"
	"tailscope/snapshot/plots"
	"tailscope/stats"
)

// modeReport is what the report says of one mode.
type modeReport struct {
	mode     stats.Mode
	sum      *stats.SummaryFile
	judged   Judged
	counters *CounterFile
	pics     []*plots.Picture
}

// folderReport becomes report.md and report.html.
type folderReport struct {
	m          *Manifest
	modes      []modeReport
	unfinished string // a sentence; "" of a finished session
	failures   failures
}

// Report writes report.md and report.html of a session into its folder, from
// the recorded samples. It works on finished folders and on journals.
func Report(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	if s.Manifest.State == StateImported {
		return fmt.Errorf("%s is no session folder; 'tailscope analyze %s --out DIR' writes a report of it", dir, dir)
	}
	m := *s.Manifest
	m.Notes = nil
	c, err := collect(s.src, &m, nil)
	if err != nil {
		return err
	}
	m.Notes = s.Manifest.Notes
	tables, err := c.labels.Finish()
	if err != nil && !errors.Is(err, labels.ErrEmpty) {
		return err
	}
	rep := &folderReport{m: &m, unfinished: s.Unfinished(), failures: c.failures}
	for i, n := range c.modeRows {
		if n == 0 {
			continue
		}
		mode := stats.Mode(i)
		pics, err := c.pictures(&m, mode, tables)
		if err != nil {
			return err
		}
		rep.modes = append(rep.modes, modeReport{mode: mode, sum: c.summary(mode), judged: c.judge(mode),
			counters: c.counterFile(mode, m.Settings.RecompileLimit), pics: pics})
	}
	return rep.write(dir)
}

func (r *folderReport) write(dir string) error {
	d := r.document()
	if err := writeFile(dir, "report.md", []byte(d.markdown())); err != nil {
		return err
	}
	return writeFile(dir, "report.html", []byte(d.html()))
}

// document arranges everything in reading order: the answer first.
func (r *folderReport) document() *document {
	m := r.m
	d := &document{title: "tailscope session " + m.RunID}
	d.para(r.subtitle())
	if r.unfinished != "" {
		d.para(r.unfinished)
	}
	if m.Lost != nil {
		d.para(m.Lost.Sentence)
	}
	for i := range r.modes {
		x := &r.modes[i]
		d.head(2, x.mode.String())
		d.strong(orElse(x.sum.Paradox.Sentence, "No verdict."))
		d.para(compilerSentence(x.judged))
		d.table(lanesTable(x.sum, func(g *stats.GroupSummary) bool { return g.Scenario == "*" && g.Segment == "*" }, "lane"))
		d.list(append(pairSentences(x.sum), sloSentences(m, x.sum)...))
		for _, p := range x.pics {
			d.picture(p, x.mode.String()+"/analysis/plots")
		}
		d.section(3, "Why the tail samples were slow", causesTable(x.sum))
		d.section(3, "By scenario", lanesTable(x.sum, func(g *stats.GroupSummary) bool { return g.Scenario != "*" && g.Segment == "*" }, "scenario"))
		d.section(3, "By segment", segmentsTable(x.sum))
		d.section(3, "Trimmed means and cold starts", trimmedTable(x.sum))
		d.section(3, "Compile counters", countersTable(x.counters))
	}
	if len(r.modes) == 0 {
		d.para("The session took no sample.")
	}
	d.section(2, "Where it ran", environmentTable(m))
	d.section(2, "What happened", eventsTable(m))
	d.section(2, "What failed", r.failures.table())
	d.list(m.Notes)
	d.para("Times are milliseconds. Percentiles are linear between closest ranks, over samples that are neither warm-ups nor failed. " +
		"Every number comes from the raw samples in samples.parquet; docs/snapshot.md of tailscope describes each file and field.")
	return d
}

func (r *folderReport) subtitle() string {
	m := r.m
	s := fmt.Sprintf("%s on %s, %s samples (%d warm-ups, %d failed), started %s", orElse(m.Model.Name, "unknown model"),
		orElse(m.Engine.Device, orElse(m.Host.CPU, "unknown device")), strconv.FormatUint(m.Counts.Samples, 10), m.Counts.Warmups, m.Counts.Errors,
		m.Start.UTC().Format(time.RFC3339))
	if m.End != nil {
		s += fmt.Sprintf(", %s long", m.End.Sub(m.Start).Round(time.Second))
	}
	s += "."
	if m.Exit.Reason != "" {
		s += " Ended: " + m.Exit.Reason + "."
	}
	if m.Exit.Error != "" {
		s += " Error: " + m.Exit.Error + "."
	}
	return s
}

func compilerSentence(j Judged) string {
	switch j.CompilerReal {
	case "yes":
		return "Compiler-real: " + j.Why + "."
	case "no":
		return "Not compiler-real: " + j.Why + "."
	}
	return "Whether the optimized lane compiled is unknown: " + j.Why + "."
}

// cell prints a number for reading; files hold all digits.
func cellNum(v stats.Num) string {
	if v.Missing() {
		return "—"
	}
	a := math.Abs(float64(v))
	switch {
	case a >= 1000:
		return strconv.FormatFloat(float64(v), 'f', 1, 64)
	case a >= 10:
		return strconv.FormatFloat(float64(v), 'f', 2, 64)
	case a >= 0.1 || a == 0:
		return strconv.FormatFloat(float64(v), 'f', 3, 64)
	}
	return strconv.FormatFloat(float64(v), 'g', 3, 64)
}

// supported greys a quantile that n cannot support, by parentheses.
func supported(v stats.Num, n int, q float64) string {
	if v.Missing() || n >= stats.Need(q) {
		return cellNum(v)
	}
	return "(" + cellNum(v) + ")"
}

func lanesTable(s *stats.SummaryFile, keep func(*stats.GroupSummary) bool, first string) table {
	t := table{head: []string{first, "n", "mean", "std", "p50", "p90", "p95", "p99", "p99.9", "max"},
		note: "A quantile in parentheses rests on too few samples."}
	if first != "lane" {
		t.head = append([]string{first, "lane"}, t.head[1:]...)
	}
	optional := []struct {
		name string
		of   func(*stats.GroupSummary) stats.Num
	}{{"response p50", func(g *stats.GroupSummary) stats.Num { return g.ResponseP50Ms }},
		{"response p99", func(g *stats.GroupSummary) stats.Num { return g.ResponseP99Ms }},
		{"device p50", func(g *stats.GroupSummary) stats.Num { return g.DeviceP50Ms }},
		{"TTFT p99", func(g *stats.GroupSummary) stats.Num { return g.TTFTP99Ms }},
		{"ITL p99", func(g *stats.GroupSummary) stats.Num { return g.ITLP99Ms }},
		{"tokens/s", func(g *stats.GroupSummary) stats.Num { return g.TokensPerS }},
		{"SLO missed", func(g *stats.GroupSummary) stats.Num { return g.SLOMissed }},
		{"failed", func(g *stats.GroupSummary) stats.Num { return stats.Num(g.Errors) }}}
	var has [8]bool
	for i := range s.Groups {
		if g := &s.Groups[i]; keep(g) {
			for k, o := range optional {
				has[k] = has[k] || !o.of(g).Missing() && (o.name != "failed" || g.Errors > 0)
			}
		}
	}
	for k, o := range optional {
		if has[k] {
			t.head = append(t.head, o.name)
		}
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		if !keep(g) {
			continue
		}
		row := []string{g.Lane}
		if first == "scenario" {
			row = []string{g.Scenario, g.Lane}
		} else if first == "segment" {
			row = []string{g.Segment, g.Lane}
		}
		row = append(row, strconv.Itoa(g.N), cellNum(g.MeanMs), cellNum(g.StdMs), supported(g.P50Ms, g.N, .5), supported(g.P90Ms, g.N, .9),
			supported(g.P95Ms, g.N, .95), supported(g.P99Ms, g.N, .99), supported(g.P999Ms, g.N, .999), cellNum(g.MaxMs))
		for k, o := range optional {
			if has[k] {
				cell := cellNum(o.of(g))
				if o.name == "failed" {
					cell = strconv.Itoa(g.Errors)
				}
				row = append(row, cell)
			}
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func segmentsTable(s *stats.SummaryFile) table {
	segments := map[string]bool{}
	for i := range s.Groups {
		segments[s.Groups[i].Segment] = true
	}
	if len(segments) <= 2 { // "*" and the only one
		return table{}
	}
	return lanesTable(s, func(g *stats.GroupSummary) bool { return g.Segment != "*" && g.Scenario == "*" }, "segment")
}

func pairSentences(s *stats.SummaryFile) []string {
	for i := range s.Pairs {
		p := &s.Pairs[i]
		if p.Scenario != "*" || p.Segment != "*" {
			continue
		}
		out := []string{fmt.Sprintf("Over %d pairs of the same request, optimized − eager has the median %s ms (95 %%: %s to %s).", p.N,
			cellNum(p.MedianDiffMs), cellNum(p.MedianDiffLoMs), cellNum(p.MedianDiffHiMs)),
			fmt.Sprintf("The optimized lane was faster in %.1f %% of them; the geometric mean of the ratios is %s.", float64(p.ShareWon)*100, cellNum(p.RatioGeomean))}
		switch {
		case p.CrossoverQ.Missing():
		case p.CrossoverQ >= 1:
			out = append(out, "It wins up to the maximum.")
		case p.CrossoverQ <= 0:
			out = append(out, "It loses at every quantile.")
		default:
			out = append(out, fmt.Sprintf("It wins up to the quantile %s and loses beyond.", cellNum(p.CrossoverQ)))
		}
		return out
	}
	return nil
}

// sloSentences give the share that missed the service level with its interval.
func sloSentences(m *Manifest, s *stats.SummaryFile) []string {
	var out []string
	for i := range s.Groups {
		g := &s.Groups[i]
		if g.Scenario != "*" || g.Segment != "*" || g.SLOMissed.Missing() {
			continue
		}
		by := "latency"
		if !g.ResponseP99Ms.Missing() {
			by = "response time"
		}
		lo, hi := stats.ClopperPearson(int(math.Round(float64(g.SLOMissed)*float64(g.N))), g.N)
		out = append(out, fmt.Sprintf("The %s lane missed the service level of %s in %.2f %% of %d requests (95 %%: %.2f to %.2f), "+
			"by %s.", g.Lane, time.Duration(m.Settings.SLONs), 100*float64(g.SLOMissed), g.N, 100*lo, 100*hi, by))
	}
	return out
}

func causesTable(s *stats.SummaryFile) table {
	t := table{head: []string{"lane", "cause", "tail samples", "p99 without them"}}
	n := map[string]int{}
	for i := range s.Groups {
		if g := &s.Groups[i]; g.Scenario == "*" && g.Segment == "*" {
			n[g.Lane] = g.N
		}
	}
	for _, c := range s.Causes {
		t.rows = append(t.rows, []string{c.Lane, strings.ReplaceAll(c.Cause, "_", " "), strconv.Itoa(c.N), supported(c.P99MsWithout, n[c.Lane]-c.N, .99)})
	}
	return t
}

func trimmedTable(s *stats.SummaryFile) table {
	t := table{head: []string{"lane", "mean", "without the maximum", "without the top five", "without the first of each run", "median", "runs", "cold-start runs"}}
	for i := range s.Groups {
		if g := &s.Groups[i]; g.Scenario == "*" && g.Segment == "*" {
			t.rows = append(t.rows, []string{g.Lane, cellNum(g.MeanMs), cellNum(g.MeanExclMaxMs), cellNum(g.MeanExclTop5Ms),
				cellNum(g.MeanExclFirstMs), cellNum(g.P50Ms), strconv.Itoa(g.Runs), strconv.Itoa(g.ColdStartRuns)})
		}
	}
	return t
}

func countersTable(c *CounterFile) table {
	t := table{head: []string{"generation", "strategy", "unique graphs", "compiles", "recompiles", "limit", "limit reached", "fallbacks", "compile ms"}}
	for _, g := range c.Groups {
		t.rows = append(t.rows, []string{strconv.Itoa(g.Generation), g.Strategy, strconv.Itoa(g.UniqueGraphs), strconv.Itoa(g.Compiles),
			strconv.Itoa(g.Recompiles), strconv.Itoa(g.RecompileLimit), strconv.FormatBool(g.LimitReached), strconv.Itoa(g.Fallbacks),
			cellNum(stats.Num(float64(g.CompileNs) / 1e6))})
	}
	return t
}
