package cli

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/snapshot/compare"
	"github.com/tailscope/tailscope/snapshot/gate"
)

// compareFlags are the flags of compare.
type compareFlags struct {
	foreignFlags
	gates []string
	junit string
	force bool
}

// newCompareCmd compares two sessions and decides gates.
func newCompareCmd() *cobra.Command {
	f := &compareFlags{}
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "Compare two sessions, with gates for CI",
		Long: "Compares the same lanes (or labels) of two session folders or result files: what differs in the\n" +
			"environment first, then each quantile with a 95 % interval of its change. A gate is an expression\n" +
			"over named quantities: ratio(x) is B over A, delta(x) is B minus A, base(x) is A alone, x is B\n" +
			"alone. A name is LANE.QUANTITY, or \"LABEL\".QUANTITY where a label has other characters; the\n" +
			"quantities are the keys of summary.json and of compiler_counters.json. A gate holds when it holds\n" +
			"in every mode of A. Exit code 1 when one fails.",
		Example: "  tailscope compare base/ new/ --gate 'ratio(optimized.p99_ms) <= 1.05' --gate 'optimized.recompiles <= 8'\n" +
			"  tailscope compare before.json after.json --gate 'ratio(\"./server\".p50_ms) <= 1.1'",
		Args: pathArgs(func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{errors.New("compare takes two paths, A (the baseline) and B; see 'tailscope compare --help'")}
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.OutOrStdout(), args[0], args[1]) },
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.gates, "gate", nil, "expression that must hold, e.g. 'ratio(optimized.p99_ms) <= 1.05'; may be repeated")
	fl.BoolVar(&f.force, "force", false, "give a verdict although the environments differ in what matters")
	fl.StringVar(&f.junit, "junit", "", "write the gates as JUnit XML into this file")
	f.add(fl)
	return cmd
}

func (f *compareFlags) run(w io.Writer, a, b string) error {
	var gates []*gate.Expr
	for _, g := range f.gates {
		e, err := gate.Parse(g)
		if err != nil {
			return usageError{err}
		}
		gates = append(gates, e)
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	c, err := compare.Results(a, b, o)
	if wrongInput(err) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	printComparison(w, c)
	blocked := c.Blocked()
	if blocked != "" && !f.force {
		err = gateError{errors.New(blocked)}
		return errors.Join(err, f.writeJUnit(c, []decided{{name: "environment", failure: blocked}}))
	}
	return f.decide(w, c, gates)
}

// decided is a gate in one mode.
type decided struct {
	name, sentence, failure string
}

// decide evaluates every gate in every mode of A: one that B lacks fails it,
// else a run that lost a mode would pass.
func (f *compareFlags) decide(w io.Writer, c *compare.Comparison, gates []*gate.Expr) error {
	var all []decided
	var failed []string
	add := func(mode string, g *gate.Expr, sentence string, pass bool) {
		if mode != "" {
			sentence = mode + ": " + sentence
		}
		fmt.Fprintln(w, sentence)
		d := decided{name: strings.TrimPrefix(mode+": "+g.Text, ": "), sentence: sentence}
		if !pass {
			d.failure = sentence
			failed = append(failed, sentence)
		}
		all = append(all, d)
	}
	for _, g := range gates {
		for _, mode := range c.Modes {
			var thin []string // what too few samples stand behind
			r, err := g.Decide(func(name string, inA bool) (float64, bool) {
				if n := c.Needs(mode, name); n > 0 {
					if s := fmt.Sprintf("%s needs %d more samples", name, n); !slices.Contains(thin, s) {
						thin = append(thin, s)
					}
				}
				return c.Lookup(mode, name, inA)
			})
			if err != nil {
				return usageError{err}
			}
			if len(thin) > 0 {
				r.Sentence += "; by chance, perhaps: " + strings.Join(thin, ", ")
			}
			add(mode, g, r.Sentence, r.Pass)
		}
		for _, mode := range c.OnlyA {
			add(mode, g, fmt.Sprintf("gate '%s' fails: B has no samples in this mode; compare one mode with --where mode=%s", g.Text, c.Modes[0]), false)
		}
	}
	err := f.writeJUnit(c, all)
	if len(failed) > 0 {
		return errors.Join(gateError{errors.New(strings.Join(failed, "; "))}, err)
	}
	return err
}

func printComparison(w io.Writer, c *compare.Comparison) {
	fmt.Fprintf(w, "A: %s\nB: %s\n", c.A, c.B)
	for _, d := range c.Differences {
		mark := " "
		if d.Blocks {
			mark = "!"
		}
		fmt.Fprintf(w, "%s %s: %s → %s\n", mark, d.What, blank(d.A), blank(d.B))
	}
	if len(c.Differences) == 0 && len(c.Notes) == 0 {
		fmt.Fprintln(w, "The environments are the same.")
	}
	for _, n := range c.Notes {
		fmt.Fprintln(w, "Note: "+n)
	}
	fmt.Fprintf(w, "\n%-10s %-14s %-8s %12s %12s %12s  %-27s %8s  %s\n", "mode", "lane", "", "A", "B", "B − A", "95 % interval", "B ÷ A", "n")
	for _, d := range c.Deltas {
		interval := "—"
		if !math.IsNaN(d.Lo) && !math.IsNaN(d.Hi) {
			interval = fmt.Sprintf("[%+.4f, %+.4f]", d.Lo, d.Hi)
		}
		note := ""
		switch {
		case d.Need > 0:
			note = fmt.Sprintf("  needs %d more samples", d.Need)
		case d.Lo <= 0 && d.Hi >= 0:
			note = "  ~"
		}
		fmt.Fprintf(w, "%-10s %-14s %-8s %12.4f %12.4f %+12.4f  %-27s %8.4f  %d, %d%s\n", d.Mode, d.Label, strings.TrimSuffix(d.Quantity, "_ms"),
			d.A, d.B, d.Delta, interval, d.Ratio, d.NA, d.NB, note)
	}
	fmt.Fprintln(w, "Times in ms. ~: the interval holds no change. Intervals take samples as independent; around recompiles they are not, and the true intervals are wider.")
	fmt.Fprintln(w)
}

func blank(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

type junitSuite struct {
	XMLName    xml.Name        `xml:"testsuite"`
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes the gates as a test suite, the differences of the
// environment as its properties.
func (f *compareFlags) writeJUnit(c *compare.Comparison, all []decided) error {
	if f.junit == "" {
		return nil
	}
	s := junitSuite{Name: "tailscope compare", Tests: len(all)}
	s.Properties = append(s.Properties, junitProperty{"A", c.A}, junitProperty{"B", c.B})
	for _, d := range c.Differences {
		s.Properties = append(s.Properties, junitProperty{d.What, blank(d.A) + " → " + blank(d.B)})
	}
	for _, d := range all {
		tc := junitCase{Class: "tailscope.gate", Name: d.name, Out: d.sentence}
		if d.failure != "" {
			s.Failures++
			tc.Failure = &junitFailure{d.failure, d.failure}
		}
		s.Cases = append(s.Cases, tc)
	}
	b, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(f.junit, append([]byte(xml.Header), append(b, '\n')...), 0o644)
}
