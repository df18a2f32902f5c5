package results

import (
	"cmp"
	"encoding/xml"
	"io"
	"os"

	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/snapshot/compare"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/between"
)

// writeComparisons prints comparisons and gates as JSON.
func writeComparisons(w io.Writer, all []*compare.Comparison, gates []decided) error {
	type change struct {
		Mode      string    `json:"mode"`
		Label     string    `json:"label"`
		Quantity  string    `json:"quantity"`
		A         stats.Num `json:"a"`
		B         stats.Num `json:"b"`
		Ratio     stats.Num `json:"ratio"`
		Lo        stats.Num `json:"lo"`
		Hi        stats.Num `json:"hi"`
		Told      bool      `json:"told"`
		SessionsA int       `json:"sessions_a"`
		SessionsB int       `json:"sessions_b"`
		Need      int       `json:"need"`
	}
	type one struct {
		A           string               `json:"a"`
		B           string               `json:"b"`
		Divergence  []string             `json:"divergence"`
		Blocked     string               `json:"blocked"`
		Differences []compare.Difference `json:"differences"`
		Changes     []change             `json:"changes"`
		Notes       []string             `json:"notes"`
	}
	var out struct {
		Schema      string `json:"schema"`
		Comparisons []one  `json:"comparisons"`
		Gates       []any  `json:"gates"`
	}
	out.Schema, out.Gates = "tailscope.compare/1", []any{}
	for _, c := range all {
		x := one{A: c.A, B: c.B, Divergence: c.Divergence, Blocked: c.Blocked(), Differences: c.Differences, Notes: c.Notes}
		for _, d := range c.Changes {
			x.Changes = append(x.Changes, change{d.Mode, d.Label, d.Quantity, stats.Num(d.A), stats.Num(d.B), stats.Num(d.Ratio), stats.Num(d.Lo), stats.Num(d.Hi),
				d.Told(), d.NA, d.NB, d.Need})
		}
		out.Comparisons = append(out.Comparisons, x)
	}
	for _, g := range gates {
		outcome := between.Pass
		if g.failure != "" {
			outcome = between.Fail
		} else if g.undecided != "" {
			outcome = between.Undecided
		}
		out.Gates = append(out.Gates, map[string]any{"gate": g.name, "outcome": outcome, "sentence": cmp.Or(g.sentence, g.failure)})
	}
	return output.JSON(w, out)
}

type junitSuite struct {
	XMLName    xml.Name        `xml:"testsuite"`
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Skipped    int             `xml:"skipped,attr"`
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
	Skipped *junitFailure `xml:"skipped,omitempty"` // undecided
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
		s.Properties = append(s.Properties, junitProperty{d.What, cmp.Or(d.A, unknown) + " → " + cmp.Or(d.B, unknown)})
	}
	for _, d := range all {
		tc := junitCase{Class: "tailscope.gate", Name: d.name, Out: d.sentence}
		if d.failure != "" {
			s.Failures++
			tc.Failure = &junitFailure{d.failure, d.failure}
		} else if d.undecided != "" {
			s.Skipped++
			tc.Skipped = &junitFailure{d.undecided, d.undecided}
		}
		s.Cases = append(s.Cases, tc)
	}
	b, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(f.junit, append([]byte(xml.Header), append(b, '\n')...), 0o644)
}
