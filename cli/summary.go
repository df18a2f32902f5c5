package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/report"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// summaries reads the summary.json of every mode of a session folder; a mode
// without one is absent.
func summaries(dir string) map[string]*stats.SummaryFile {
	out := map[string]*stats.SummaryFile{}
	for m := range stats.Mode(stats.NumModes) {
		b, err := os.ReadFile(filepath.Join(dir, m.String(), "analysis", "summary.json"))
		if err != nil {
			continue
		}
		var s stats.SummaryFile
		if json.Unmarshal(b, &s) == nil {
			out[m.String()] = &s
		}
	}
	return out
}

// printEnd tells where a session is, what it found, and what it missed, in a
// few lines.
func printEnd(w io.Writer, dir, missed string) {
	sums := summaries(dir)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	few := false
	if len(sums) > 0 {
		fmt.Fprintln(tw, "mode\tlane\tn\tmean_ms\tp50_ms\tp95_ms\tp99_ms\tmax_ms\t")
	}
	for m := range stats.Mode(stats.NumModes) {
		s := sums[m.String()]
		if s == nil {
			continue
		}
		for g := range s.Over("*") {
			fmt.Fprintf(tw, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t\n", g.Mode, g.Lane, g.N, num(g.MeanMs),
				quant(g.P50Ms, g.N, .5, &few), quant(g.P95Ms, g.N, .95, &few), quant(g.P99Ms, g.N, .99, &few), num(g.MaxMs))
		}
	}
	_ = tw.Flush() // a closed stdout is the reader's choice
	if few {
		fmt.Fprintf(w, "* too few samples for this quantile: p50 needs %d, p95 %d, p99 %d\n", quantile.Need(.5), quantile.Need(.95), quantile.Need(.99))
	}
	say := func(s string) { fmt.Fprintln(w, output.Fit(w, s)) }
	for m := range stats.Mode(stats.NumModes) {
		if s := sums[m.String()]; s != nil && s.Paradox.Sentence != "" {
			say(m.String() + ": " + s.Paradox.Sentence)
			kinds := map[bool]bool{}
			for _, g := range s.Segments {
				kinds[g.AA] = true
			}
			if len(kinds) == 2 {
				say(m.String() + ": the table counts A/A segments too, whose optimized lane is a second eager session; the sentence leaves them out")
			}
			for i := range s.Pairs {
				if words := s.Pairs[i].OrderWords(); words != "" {
					say(m.String() + ": " + words)
				}
			}
		}
	}
	if missed != "" {
		say(missed)
	}
	if f, err := folder.Open(dir); err == nil {
		for _, note := range append(f.Manifest.Engine.Notes, f.Manifest.Model.MadeUp) {
			if note != "" {
				say("Note: " + note + ".")
			}
		}
	}
	fmt.Fprintln(w, "session:", dir)
	output.Next("tailscope report " + output.Quote(dir))
}

// quant prints a quantile of n samples in milliseconds, with * before it and
// few set when so many do not support it.
func quant(v stats.Num, n int, q float64, few *bool) string {
	s := num(v)
	if n > 0 && n < quantile.Need(q) {
		*few = true
		return "*" + s
	}
	return s
}

// num prints milliseconds that may be missing.
func num(v stats.Num) string { return ms(float64(v) * 1e6) }

// jobSummary is the key of a context under which a run's file for reports is.
type jobSummary struct{}

// withJobSummary is ctx with the file that --summary means.
func withJobSummary(ctx context.Context, word string) (context.Context, error) {
	file := os.Getenv("GITHUB_STEP_SUMMARY")
	switch {
	case word == "":
		return ctx, nil
	case word != "github":
		return nil, exit.Usage(fmt.Errorf("--summary %q: want github", word))
	case file == "":
		return nil, exit.Usage(errors.New("--summary github: GITHUB_STEP_SUMMARY names no file: this is no job of GitHub Actions"))
	}
	return context.WithValue(ctx, jobSummary{}, file), nil
}

// appendReport appends the report of the session in dir to file, without its
// pictures: they are files beside it.
func appendReport(file, dir string) error {
	page, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		return fmt.Errorf("job summary: %w", err)
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("job summary: %w", err)
	}
	_, err = f.WriteString(report.WithoutPictures(string(page)))
	return errors.Join(err, f.Close())
}
