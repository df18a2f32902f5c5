package report

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/compare"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// Named is a session as it was asked for.
type Named struct {
	Name string
	C    *folder.Collected
}

// WriteSeveral writes sessions.md and sessions.html into dir: the lanes of all
// sessions side by side, what changed from the first to each other, and what each
// was judged to be. changes has a comparison for each session but the first.
func WriteSeveral(dir *door.Dir, list []Named, changes []*compare.Comparison) error {
	d := &document{title: fmt.Sprintf("tailscope: %d sessions", len(list))}
	for m := range stats.Mode(stats.NumModes) {
		d.modeOf(list, m)
	}
	for i, c := range changes {
		d.head(2, fmt.Sprintf("From %s to %s", list[0].Name, list[i+1].Name))
		d.changes(c)
	}
	for _, s := range list {
		d.head(2, s.Name)
		d.para(subtitle(s.C.Manifest))
		if s.C.Unfinished != "" {
			d.para(s.C.Unfinished)
		}
		d.section(3, "Where it ran", environmentTable(s.C.Manifest))
	}
	d.para("Times are milliseconds. Each session's own report.html has its causes, compiles, segments and slowest samples.")
	return d.write(dir, "sessions")
}

// modeOf is what the sessions that ran a mode show in it, the verdicts first.
func (d *document) modeOf(list []Named, mode stats.Mode) {
	t := table{head: []string{"session", "strategy", "lane", "n", "mean", "p50", "p95", "p99", "max"}, note: fewSamples}
	var all []curve
	for _, s := range list {
		for i := range s.C.Modes {
			if s.C.Modes[i].Mode != mode {
				continue
			}
			if len(t.rows) == 0 {
				d.head(2, mode.String())
			}
			p := &s.C.Modes[i].Summary.Paradox
			d.head(3, s.Name)
			d.strong(p.Sentence)
			d.advice(p)
			t.rows = append(t.rows, sessionRows(s, s.C.Modes[i].Summary)...)
			for _, c := range curvesOf(s.C, mode) {
				c.Name = plain.Line(s.Name) + " " + c.Name
				all = append(all, c)
			}
		}
	}
	d.section(3, "Side by side", t)
	d.draw(all, "Latency at each quantile, all sessions. The pointer reads it off.")
}

func sessionRows(s Named, sum *stats.SummaryFile) (rows [][]string) {
	for g := range sum.Over("*") {
		rows = append(rows, append([]string{s.Name, s.C.Manifest.Settings.Strategy, g.Lane}, figures(g)...))
	}
	return rows
}

// changes is a comparison: what differs around it first, then each quantity.
func (d *document) changes(c *compare.Comparison) {
	if s := c.Blocked(); s != "" {
		d.strong(s)
	}
	around := table{head: []string{"differs", "there", "here"}}
	for _, x := range c.Differences {
		around.rows = append(around.rows, []string{x.What, x.A, x.B})
	}
	d.table(around)
	t := table{head: []string{"mode", "lane", "quantity", "there", "here", "ratio", "95 % interval"}}
	for i := range c.Changes {
		x := &c.Changes[i]
		interval := "—"
		if x.Lo > 0 {
			interval = fmt.Sprintf("%s to %s", cellNum(stats.Num(x.Lo)), cellNum(stats.Num(x.Hi)))
		}
		if !x.Told() {
			interval += " (not told)"
		}
		t.rows = append(t.rows, []string{x.Mode, x.Label, x.Quantity, cellNum(stats.Num(x.A)), cellNum(stats.Num(x.B)), cellNum(stats.Num(x.Ratio)), interval})
	}
	d.table(t)
	d.list(c.Notes)
}
