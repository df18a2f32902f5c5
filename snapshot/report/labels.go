package report

import (
	"cmp"
	"fmt"

	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/snapshot/plots"
)

// WriteLabels writes the tables, summary.json, plots, report.md and
// report.html of a label analysis into the folder at path, which exists.
func WriteLabels(path string, r *labels.Report) error {
	dir, err := door.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := r.WriteFiles(dir); err != nil {
		return err
	}
	d := &document{title: "Analysis of " + r.Source}
	d.para(r.Evidence())
	seen := map[string]bool{}
	for _, v := range r.Verdicts {
		d.head(2, cmp.Or(v.Mode, "Verdict"))
		d.strong(v.Sentence)
		d.list(v.Flips)
		if seen[v.Mode] {
			continue
		}
		seen[v.Mode] = true
		if err := labelPictures(dir, r, v.Mode, d); err != nil {
			return err
		}
	}
	d.list(r.Notes)
	for _, l := range r.Left {
		if l.Failed+l.Warmups > 0 {
			d.para(fmt.Sprintf("Left out of %s: %d with a status other than ok, %d warm-ups.", l.Label, l.Failed, l.Warmups))
		}
	}
	for _, t := range r.Tables() {
		head, rows := t.Short()
		d.section(2, t.Title, table{head: head, rows: rows})
	}
	return d.write(dir, "report")
}

// labelPictures draws and writes the plots of one mode.
func labelPictures(dir *door.Dir, r *labels.Report, mode string, d *document) error {
	series := seriesOf(r, mode)
	var pics []*plots.Picture
	for _, f := range []func(string, []plots.Series) (*plots.Picture, error){plots.CDF, plots.Histogram} {
		p, err := f(cmp.Or(mode, r.Source), series)
		if err != nil {
			return err
		}
		if p != nil {
			pics = append(pics, p)
		}
	}
	sub := "plots"
	if mode != "" {
		sub = "plots/" + folder.PathWord(mode)
	}
	for _, p := range pics {
		d.picture(p, sub)
	}
	return writePictures(dir, sub, pics)
}
