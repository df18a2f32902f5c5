package report

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/plots"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Write draws the plots and writes report.md and report.html of a
// session into its folder.
func Write(dir *door.Dir, c *folder.Collected) error {
	pics := map[stats.Mode][]*plots.Picture{}
	for i := range c.Modes {
		mode := c.Modes[i].Mode
		var err error
		if pics[mode], err = pictures(c, mode); err != nil {
			return err
		}
		if err := writePictures(dir, mode.String()+"/analysis/plots", pics[mode]); err != nil {
			return err
		}
	}
	return newDocument(c, pics).write(dir, "report")
}

func (d *document) write(dir *door.Dir, name string) error {
	if err := dir.WriteFile(name+".md", []byte(plain.Text(d.markdown()))); err != nil {
		return err
	}
	return dir.WriteFile(name+".html", []byte(plain.Text(d.html())))
}

// newDocument arranges everything in reading order: the answer first.
func newDocument(c *folder.Collected, pics map[stats.Mode][]*plots.Picture) *document {
	m := c.Manifest
	d := &document{title: "tailscope session " + m.RunID}
	d.para(subtitle(m))
	if c.Unfinished != "" {
		d.para(c.Unfinished)
	}
	if m.Lost != nil {
		d.para(m.Lost.Sentence)
	}
	d.howToRead(m)
	for i := range c.Modes {
		x := &c.Modes[i]
		d.head(2, x.Mode.String())
		if several := len(x.Summary.Segments) > 1; several {
			d.segments(c, x)
		} else {
			d.answer(x.Summary, &x.Summary.Paradox, "*")
			d.table(lanesTable(x.Summary, func(g *stats.GroupSummary) bool { return g.Scenario == "*" && g.Segment == "*" }, "lane"))
			d.list(append(pairSentences(x.Summary), sloSentences(m, x.Summary)...))
			d.draw(curvesOf(c, x.Mode), "Latency at each quantile, and of two lanes the difference. The pointer reads it off.")
		}
		d.para(compilerSentence(x.Judged))
		for _, p := range pics[x.Mode] {
			d.picture(p, x.Mode.String()+"/analysis/plots")
		}
		d.mode(c, x)
	}
	if len(c.Modes) == 0 {
		d.para("The session took no sample.")
	}
	d.section(2, "Where it ran", environmentTable(m))
	d.section(2, "What happened", eventsTable(m))
	d.head(2, "How to reproduce")
	d.reproduce(m)
	d.section(2, "What failed", failuresTable(c.Failures))
	d.list(slices.DeleteFunc(append(slices.Concat(m.Notes, m.Engine.Notes), m.Model.MadeUp), func(s string) bool { return s == "" }))
	d.para("Times are milliseconds. Percentiles are linear between closest ranks, over samples that are neither warm-ups nor failed. " +
		"Every number comes from the raw samples in samples.parquet; docs/snapshot.md of tailscope describes each file and field.")
	return d
}

// mode is what lies below the answer.
func (d *document) mode(c *folder.Collected, x *folder.ModeResult) {
	all := ""
	if len(x.Summary.Segments) > 1 {
		all = ", all segments together"
	}
	d.section(3, "Why the tail samples were slow"+all, causesTable(x.Summary))
	d.section(3, "The slowest samples", slowestTable(c, x.Mode))
	d.section(3, "What was compiled, and why", compilesTable(c, x.Mode))
	d.section(3, "Shapes", shapesTable(c, x.Mode))
	if all == "" {
		d.section(3, "By scenario", lanesTable(x.Summary, func(g *stats.GroupSummary) bool { return g.Scenario != "*" && g.Segment == "*" }, "scenario"))
		d.section(3, "Trimmed means and cold starts", trimmedTable(x.Summary))
	} else {
		d.section(3, "By segment and scenario", lanesTable(x.Summary, func(g *stats.GroupSummary) bool { return g.Scenario != "*" && g.Segment != "*" }, "segment"))
	}
	d.section(3, "Compile counters", countersTable(x.Counters))
}

// reproduce says how the session is had again.
func (d *document) reproduce(m *folder.Manifest) {
	if command := map[string]string{"exec": "tailscope exec -- PROGRAM", "watch": "tailscope watch DIR", "openai": "tailscope attach URL"}[m.Settings.Config]; command != "" {
		d.code(command)
		d.para("with the program, folder or server that this session observed: what it is called stands above as the model.")
		return
	}
	d.code("tailscope run --config config.yaml")
	d.para(fmt.Sprintf("config.yaml in this folder is the effective configuration, seed %d included.", m.Settings.Seed))
}

// howToRead explains the words of a page that compares two lanes.
func (d *document) howToRead(m *folder.Manifest) {
	lanes := "The same requests ran in two lanes: eager, the model as it is written, and optimized, the compiled model."
	switch {
	case m.Settings.Observed:
		return
	case m.Settings.Config == "openai":
		lanes = "The same requests went to the server, in two lanes where there are two: optimized is the first that was named, eager the second, whatever they run."
	case m.Settings.AA || m.Settings.Strategy == string(stats.AllEager):
		lanes = "The same requests ran in two lanes, both of them eager: what differs between them is noise."
	}
	d.para(lanes + " Half of the requests take longer than p50, one in a hundred longer than p99: the tail. Differences are optimized minus eager, request by request where the " +
		"lanes ran the same ones, so a minus means that optimized is faster; brackets hold their interval of 95 %. Not told apart: it may be chance.")
}

// advice is what to do, as judged, with what says so.
func (d *document) advice(p *stats.Paradox) {
	for _, a := range p.Advice {
		d.todo("What to do: " + a.Sentence)
		var evidence []string
		for _, e := range a.Evidence {
			if !inTable.MatchString(e) {
				evidence = append(evidence, e)
			}
		}
		if a.Strategy != nil {
			s := "to follow it: --strategy " + *a.Strategy
			if !a.ThenMs.Missing() {
				s += ", which predicts an optimized p99 of " + cellNum(a.ThenMs) + " ms"
			}
			evidence = append(slices.Clip(evidence), s)
		}
		if word := tryWith[a.Rule]; word != "" && a.Strategy == nil {
			evidence = append(slices.Clip(evidence), "to try it, in this folder: tailscope run --config config.yaml "+word+" --out cured && tailscope compare . cured/*")
		}
		if a.Rule != "not_compiler_real" { // the verdict and the sentence below say why
			d.list(evidence)
		}
	}
}

// inTable finds evidence that the table above has already.
var inTable = regexp.MustCompile(`^(p50|p99|n) eager |^median difference of `)

// tryWith are the flags that follow advice which names no single strategy.
var tryWith = map[string]string{"stabilise_shapes": "--strategy padded", "fallback": "--strategy padded", "stabilise_cache": "--strategy kv-bucketed", "warm_up": "--warmup 3"}

func subtitle(m *folder.Manifest) string {
	s := fmt.Sprintf("%s on %s, %s samples (%d warm-ups, %d failed), started %s", cmp.Or(m.Model.Name, "unknown model"),
		cmp.Or(m.Engine.Device, cmp.Or(m.Host.CPU, "unknown device")), strconv.FormatUint(m.Counts.Samples, 10), m.Counts.Warmups, m.Counts.Errors,
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

func compilerSentence(j folder.Judged) string {
	switch j.CompilerReal {
	case "yes":
		return "Compiler-real: " + j.Why + "."
	case "no":
		return "Not compiler-real: " + j.Why + "."
	}
	return "Whether the optimized lane compiled is unknown: " + j.Why + "."
}

func pairSentences(s *stats.SummaryFile) []string {
	p := s.Pair()
	if p == nil {
		return nil
	}
	out := []string{fmt.Sprintf("Over %d pairs of the same request, optimized − eager has the median %s ms.", p.N, cellNum(p.MedianDiffMs)),
		fmt.Sprintf("The optimized lane was faster in %.1f %% of them; the geometric mean of the ratios is %s.", float64(p.ShareWon)*100, cellNum(p.RatioGeomean)),
		crossover(p), p.OrderWords()}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// crossover says up to which quantile the optimized lane wins, and between which
// told quantiles that lies; "" where it is not known.
func crossover(p *stats.PairSummary) string {
	switch q := float64(p.CrossoverQ); {
	case math.IsNaN(q):
		return ""
	case q >= 1:
		return "It wins at every quantile at which the lanes are told apart."
	case q <= 0:
		return "It loses at every quantile at which the lanes are told apart."
	case p.CrossoverLo.Missing() || p.CrossoverHi.Missing(): // a file of before
		return ""
	}
	digits := 2
	if p.N >= 1000 {
		digits = 3
	}
	return fmt.Sprintf("It wins up to the quantile %.*f [%g, %g] and loses beyond.", digits, float64(p.CrossoverQ), float64(p.CrossoverLo), float64(p.CrossoverHi))
}

// sloSentences give the share that missed the service level with its interval.
func sloSentences(m *folder.Manifest, s *stats.SummaryFile) []string {
	var out []string
	for g := range s.Over("*") {
		if g.SLOMissed.Missing() {
			continue
		}
		by := "latency"
		if !g.ResponseP99Ms.Missing() {
			by = "response time"
		}
		lo, hi := float64(g.SLOMissedLo), float64(g.SLOMissedHi)
		if !(hi > 0) { // written before the file had it
			lo, hi = quantile.ClopperPearson(int(math.Round(float64(g.SLOMissed)*float64(g.N))), g.N)
		}
		out = append(out, fmt.Sprintf("The %s lane missed the service level of %s in %.2f %% of %d requests (95 %%: %.2f to %.2f), "+
			"by %s.", g.Lane, time.Duration(m.Settings.SLONs), 100*float64(g.SLOMissed), g.N, 100*lo, 100*hi, by))
	}
	return out
}
