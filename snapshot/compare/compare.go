package compare

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/between"
	"github.com/tailscope/tailscope/stats/verdict"
)

// Difference is one thing that is not the same in two sessions.
type Difference struct {
	What   string `json:"what"`
	A      string `json:"a"`
	B      string `json:"b"`
	Blocks bool   `json:"blocks"` // makes a verdict meaningless
}

// Change compares one quantity of one mode and label. The session is the unit:
// A and B are geometric means over sessions, ms where it is a time.
type Change struct {
	Mode, Label, Quantity string
	SamplesA, SamplesB    uint64 // in all sessions of a side
	Need                  int    // samples that the thinnest session still needs; 0: enough
	between.Change
}

// Comparison is two groups of results side by side.
type Comparison struct {
	A, B        string
	Divergence  []string     // sentences: lanes that compute different things
	Differences []Difference // the environment, blocking ones first
	Changes     []Change     // of each mode first that of the paired ratio
	Notes       []string
	Modes       []string // that both have
	OnlyA       []string // modes that B lacks: nothing says how it does there

	sides [2][]*session
	noise []*session // A/A, recorded for their variation
}

// Blocked returns what makes a verdict meaningless, as a sentence, or "".
func (c *Comparison) Blocked() string {
	var w []string
	for _, d := range c.Differences {
		if d.Blocks {
			w = append(w, fmt.Sprintf("%s (%s against %s)", d.What, cmp.Or(d.A, "unknown"), cmp.Or(d.B, "unknown")))
		}
	}
	if len(w) == 0 {
		return ""
	}
	return "no verdict: the sessions differ in " + strings.Join(w, ", ") + "; compare anyway with --force"
}

// Lookup returns a quantity, "label.quantity", of one side: its mean over the
// sessions. ok is false for a name that neither side has.
func (c *Comparison) Lookup(mode, name string, inA bool) (v float64, ok bool) {
	return c.figure(c.sides[sideOf(inA)], mode, name, none)
}

// Names lists the quantities of a mode that A has, in order.
func (c *Comparison) Names(mode string) []string {
	return slices.Sorted(maps.Keys(c.sides[0][0].q[mode]))
}

// Results compares two groups of results: session folders, folders of
// sessions, files of other tools. Of a session that still runs it compares
// what is there and says so. noise are A/A sessions that tell how far sessions
// differ by themselves, where a side has one only.
func Results(a, b, noise []string, o foreign.Options) (*Comparison, error) {
	c := &Comparison{A: strings.Join(a, " "), B: strings.Join(b, " ")}
	var err error
	for i, paths := range [][]string{a, b} {
		if c.sides[i], err = c.openAll("AB"[i:i+1], paths, o); err != nil {
			return nil, err
		}
	}
	if c.noise, err = c.openAll("noise", noise, o); err != nil {
		return nil, err
	}
	x, y := c.sides[0][0], c.sides[1][0]
	c.environments(x, y, o)
	c.divergence()
	c.changes()
	if len(c.Changes) == 0 {
		return nil, fmt.Errorf("%s and %s have no mode and label in common: %s against %s", c.A, c.B, names(x.rep), names(y.rep))
	}
	c.oneSided(x.rep, y.rep)
	c.control()
	c.unit()
	return c, nil
}

// environments lists what differs between the sides, and within one.
func (c *Comparison) environments(x, y *session, o foreign.Options) {
	for _, side := range c.sides {
		for _, s := range side {
			if s.m == nil {
				c.Notes = append(c.Notes, "At least one side is no session folder: what it ran on is not recorded, so differences of the environment cannot be seen.")
				return
			}
		}
	}
	c.Differences = append(environment(x, y), c.configuration(x, y, o.Where)...)
	for i, side := range c.sides {
		for _, s := range side[1:] {
			for _, d := range append(environment(side[0], s), c.configuration(side[0], s, o.Where)...) {
				if d.Blocks {
					d.What += " within " + "AB"[i:i+1]
					c.Differences = append(c.Differences, d)
				}
			}
		}
	}
	rank := map[bool]int{true: -1} // first what makes a verdict meaningless
	slices.SortStableFunc(c.Differences, func(x, y Difference) int { return rank[x.Blocks] - rank[y.Blocks] })
}

// divergence collects where lanes compute different things.
func (c *Comparison) divergence() {
	for i, side := range c.sides {
		for _, s := range side {
			for _, mode := range slices.Sorted(maps.Keys(s.q)) {
				if s.m == nil {
					continue
				}
				if _, sum, err := s.files(mode); err == nil && sum.Paradox.Verdict == verdict.Divergence {
					c.Divergence = append(c.Divergence, fmt.Sprintf("%s %s, %s: %s", "AB"[i:i+1], s.path, mode, sum.Paradox.Sentence))
				}
			}
		}
	}
}

func names(r *labels.Report) string {
	var out []string
	for mode, label := range r.Named() {
		out = append(out, strings.TrimPrefix(mode+"."+label, "."))
	}
	return cmp.Or(strings.Join(out, ", "), "none")
}

// oneSided notes the modes that only one side has samples in.
func (c *Comparison) oneSided(ra, rb *labels.Report) {
	c.OnlyA = c.lone(ra)
	for _, side := range [...]struct {
		name  string
		modes []string
	}{{"A", c.OnlyA}, {"B", c.lone(rb)}} {
		if len(side.modes) > 0 {
			c.Notes = append(c.Notes, fmt.Sprintf("Only %s has samples in %s: nothing is compared there.", side.name, strings.Join(side.modes, ", ")))
		}
	}
}

// lone returns the modes of one side that are not in both.
func (c *Comparison) lone(r *labels.Report) []string {
	var out []string
	for i := range r.Overall {
		if m := r.Overall[i].Mode; !slices.Contains(c.Modes, m) && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// control notes when the eager lane moved: then the machine did, not the
// compiled path.
func (c *Comparison) control() {
	for _, d := range c.Changes {
		if d.Label == stats.Eager.String() && d.Quantity == "p50_ms" && d.Told() {
			c.Notes = append(c.Notes, fmt.Sprintf("%s: the eager lane's median moved by %+.1f %% as well (95 %%: %+.1f to %+.1f): the machine or the load differs, not only the optimized lane.",
				cmp.Or(d.Mode, "all"), (d.Ratio-1)*100, (d.Lo-1)*100, (d.Hi-1)*100))
		}
	}
}

// unit says what so many sessions can tell.
func (c *Comparison) unit() {
	na, nb := len(c.sides[0]), len(c.sides[1])
	for _, mode := range c.Modes {
		i := slices.IndexFunc(c.Changes, func(d Change) bool { return d.Mode == mode })
		d := &c.Changes[i]
		if math.IsNaN(d.Lo) {
			c.Notes = append(c.Notes, fmt.Sprintf("%d and %d sessions: a change between runs cannot be told from how runs vary by themselves. "+
				"Give several a side ('tailscope run --restarts 3' makes them; compare A1 A2 A3 -- B1 B2 B3), or --noise with recorded A/A sessions.", na, nb))
			return
		}
		s := fmt.Sprintf("%s%d and %d sessions would show a change of %.1f %% in %s in 80 of 100 comparisons", prefix(mode), na, nb, d.Smallest*100, d.what())
		if n := d.Sessions(.02); n > 0 {
			s += fmt.Sprintf("; %d a side would show 2 %%", n)
		}
		if d.Recorded {
			s += ", by the variation that was recorded"
		}
		c.Notes = append(c.Notes, s+".")
	}
}

func prefix(mode string) string {
	if mode == "" {
		return ""
	}
	return mode + ": "
}

// what names the quantity in a sentence.
func (d *Change) what() string {
	if d.Label == pairLabel {
		return "the paired ratio"
	}
	return d.Label + "." + d.Quantity
}
