package results

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/snapshot/compare"
	"github.com/tailscope/tailscope/snapshot/gate"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/stats/between"
)

// unknown stands for what nobody wrote down.
const unknown = "unknown"

type compareFlags struct {
	foreignFlags
	gates, noise    []string
	junit           string
	force, json     bool
	strict, diverge bool
}

// NewCompareCmd compares two sessions and decides gates.
func NewCompareCmd() *cobra.Command {
	f := &compareFlags{}
	cmd := &cobra.Command{
		Use:   "compare A B | compare A… -- B… [-- C…]",
		Short: "Compare sessions, with gates for CI",
		Long: "Compares the same lanes (or labels) of sessions or result files: what differs in the environment\n" +
			"first, then the ratio of the lanes and each quantile. The session is the unit: with several a side\n" +
			"(paths before and after --, or a folder of sessions as 'run --restarts' makes it) each change has a\n" +
			"95 % interval; with one a side nothing tells a change from how runs vary, unless --noise names\n" +
			"recorded A/A sessions. Further groups are compared with A each.\n\n" +
			"A gate is an expression over named quantities: ratio(x) is B over A, delta(x) is B minus A, base(x)\n" +
			"is A alone, x is B alone. A name is LANE.QUANTITY, or \"LABEL\".QUANTITY where a label has other\n" +
			"characters; the quantities are the keys of summary.json and of compiler_counters.json. A gate must\n" +
			"hold in every mode of A. It passes, fails (exit code 1) or is undecided (0, or 3 with\n" +
			"--strict-undecided).",
		Example: "  tailscope compare base/ new/ --gate 'ratio(pair.ratio_geomean) <= 1.03' --gate 'optimized.recompiles <= 8'\n" +
			"  tailscope compare a1.json a2.json a3.json -- b1.json b2.json b3.json --gate 'ratio(\"./server\".p50_ms) <= 1.1'",
		Args: exit.Paths(func(cmd *cobra.Command, args []string) error {
			_, err := groupsOf(args, cmd.ArgsLenAtDash())
			return err
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			groups, err := groupsOf(args, cmd.ArgsLenAtDash())
			if err != nil {
				return err
			}
			return f.run(cmd.OutOrStdout(), groups)
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.gates, "gate", nil, "expression that must hold, e.g. 'ratio(optimized.p99_ms) <= 1.05'; may be repeated")
	fl.BoolVar(&f.force, "force", false, "give a verdict although the environments differ in what matters")
	fl.StringArrayVar(&f.noise, "noise", nil, "an A/A session, or a folder of them, that tells how far sessions vary; may be repeated")
	fl.BoolVar(&f.strict, "strict-undecided", false, "exit with 3 when a gate is undecided")
	fl.BoolVar(&f.diverge, "allow-divergence", false, "do not fail where lanes compute different things")
	fl.BoolVar(&f.json, "json", false, "print the comparison as JSON")
	fl.StringVar(&f.junit, "junit", "", "write the gates as JUnit XML into this file")
	f.add(fl)
	return cmd
}

// groupsOf splits the paths: A and B, or groups with -- between them.
func groupsOf(args []string, dash int) ([][]string, error) {
	if dash < 0 {
		if len(args) == 2 {
			return [][]string{args[:1], args[1:]}, nil
		}
		return nil, exit.Usage(errors.New("compare takes two paths, A (the baseline) and B, or groups of them: A… -- B…; see 'tailscope compare --help'"))
	}
	groups := [][]string{args[:dash]}
	rest := args[dash:]
	for {
		i := slices.Index(rest, "--")
		if i < 0 {
			groups = append(groups, rest)
			break
		}
		groups, rest = append(groups, rest[:i]), rest[i+1:]
	}
	if slices.ContainsFunc(groups, func(g []string) bool { return len(g) == 0 }) {
		return nil, exit.Usage(errors.New("compare: a group between -- has no path"))
	}
	return groups, nil
}

func (f *compareFlags) run(w io.Writer, groups [][]string) error {
	var gates []*gate.Expr
	for _, g := range f.gates {
		e, err := gate.Parse(g)
		if err != nil {
			return exit.Usage(err)
		}
		gates = append(gates, e)
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	var all []*compare.Comparison
	for _, b := range groups[1:] {
		c, err := compare.Results(groups[0], b, f.noise, o)
		if wrongInput(err) {
			return exit.Usage(err)
		}
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	var errs []error
	var tried []decided
	for i, c := range all {
		if i > 0 && !f.json {
			fmt.Fprintln(w)
		}
		d, err := f.one(w, c, gates)
		tried, errs = append(tried, d...), append(errs, err)
	}
	if f.json {
		errs = append(errs, writeComparisons(w, all, tried))
	}
	if all := slices.Concat(groups...); !f.json && !slices.ContainsFunc(all, func(p string) bool { return !isSession(p) }) {
		output.Next("tailscope report " + quoted(all) + " --out both")
	}
	return errors.Join(errors.Join(errs...), f.writeJUnit(all[0], tried))
}

// quoted are paths as a shell takes them.
func quoted(paths []string) string {
	var words []string
	for _, path := range paths {
		words = append(words, output.Quote(path))
	}
	return strings.Join(words, " ")
}

// one prints and decides one comparison.
func (f *compareFlags) one(w io.Writer, c *compare.Comparison, gates []*gate.Expr) ([]decided, error) {
	if f.json {
		w = io.Discard
	}
	printComparison(w, c)
	var diverged error
	if len(c.Divergence) > 0 && !f.diverge {
		diverged = exit.GateFailed(errors.New("the lanes compute different things, so nothing is gained or lost: " + strings.Join(c.Divergence, "; ") + " (--allow-divergence)"))
	}
	if blocked := c.Blocked(); blocked != "" && !f.force {
		return []decided{{name: "environment", failure: blocked}}, errors.Join(diverged, exit.GateFailed(errors.New(blocked)))
	}
	d, err := f.decide(w, c, gates)
	return d, errors.Join(diverged, err)
}

// decided is a gate in one mode.
type decided struct {
	name, sentence, failure, undecided string
}

// decide evaluates every gate in every mode of A: one that B lacks fails it,
// else a run that lost a mode would pass.
func (f *compareFlags) decide(w io.Writer, c *compare.Comparison, gates []*gate.Expr) ([]decided, error) {
	var all []decided
	var failed, open []string
	add := func(mode string, g *gate.Expr, x compare.Decision) {
		if mode != "" {
			x.Sentence = mode + ": " + x.Sentence
		}
		fmt.Fprintln(w, x.Sentence)
		d := decided{name: strings.TrimPrefix(mode+": "+g.Text, ": "), sentence: x.Sentence}
		switch x.Outcome {
		case between.Fail:
			d.failure = x.Sentence
			failed = append(failed, x.Sentence)
		case between.Undecided:
			d.undecided = x.Sentence
			open = append(open, x.Sentence)
		}
		all = append(all, d)
	}
	for _, g := range gates {
		for _, mode := range c.Modes {
			x, err := c.Decide(g, mode, len(gates)*len(c.Modes))
			if err != nil {
				return all, exit.Usage(err)
			}
			add(mode, g, x)
		}
		for _, mode := range c.OnlyA {
			add(mode, g, compare.Decision{Outcome: between.Fail, Sentence: fmt.Sprintf("gate '%s' fails: B has no samples in this mode; compare one mode with --where mode=%s", g.Text, c.Modes[0])})
		}
	}
	switch {
	case len(failed) > 0:
		return all, exit.GateFailed(errors.New(strings.Join(failed, "; ")))
	case len(open) > 0 && f.strict:
		return all, exit.GateUndecided(errors.New(strings.Join(open, "; ")))
	case len(open) > 0:
		fmt.Fprintf(w, "Warning: %d of %d gates are undecided; more sessions a side decide them.\n", len(open), len(all))
	}
	return all, nil
}

func printComparison(w io.Writer, c *compare.Comparison) {
	for _, d := range c.Divergence {
		fmt.Fprintln(w, "Different outputs: "+d)
	}
	fmt.Fprintf(w, "A: %s\nB: %s\n", c.A, c.B)
	for _, d := range c.Differences {
		mark := " "
		if d.Blocks {
			mark = "!"
		}
		fmt.Fprintf(w, "%s %s: %s → %s\n", mark, d.What, cmp.Or(d.A, unknown), cmp.Or(d.B, unknown))
	}
	if len(c.Differences) == 0 && len(c.Notes) == 0 {
		fmt.Fprintln(w, "The environments are the same.")
	}
	t := labels.Table{Header: []string{"mode", "lane", "", "A", "B", "B ÷ A", "95 % interval", "sessions, samples"}}
	for _, d := range c.Changes {
		t.Rows = append(t.Rows, changeRow(&d))
	}
	fmt.Fprintln(w)
	t.Print(w, 0)
	fmt.Fprintln(w, "Times in ms, geometric means over sessions. ~: no change is told, each row for itself; pair: optimized ÷ eager of the same request.")
	for _, n := range c.Notes {
		fmt.Fprintln(w, "Note: "+n)
	}
	fmt.Fprintln(w)
}

func changeRow(d *compare.Change) []string {
	interval, note := "—", ""
	if !math.IsNaN(d.Lo) {
		interval = fmt.Sprintf("[%.4f, %.4f]", d.Lo, d.Hi)
	}
	if !d.Told() {
		note = "  ~"
	}
	if d.Need > 0 {
		note += fmt.Sprintf("  needs %d more samples", d.Need)
	}
	number := func(v float64) string { return strings.ReplaceAll(fmt.Sprintf("%.10f", v), "NaN", "—") }
	return []string{d.Mode, d.Label, strings.TrimSuffix(d.Quantity, "_ms"), number(d.A), number(d.B), number(d.Ratio), interval,
		fmt.Sprintf("%d, %d of %d, %d%s", d.NA, d.NB, d.SamplesA, d.SamplesB, note)}
}
