package compare

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/tailscope/tailscope/snapshot/gate"
	"github.com/tailscope/tailscope/stats/between"
)

// Decision is a gate decided in one mode.
type Decision struct {
	between.Outcome
	Sentence string
}

// falseFails bounds the chance that any of all gates fails although nothing
// changed.
const falseFails = 0.05

// exactly are quantities that a session counts: of one session they are facts,
// and no estimates.
var exactly = map[string]bool{"n": true, "errors": true, "unique_graphs": true, "compiles": true, "recompiles": true, "recompile_limit": true,
	"limit_reached": true, "fallbacks": true, "evictions": true, "captures": true, "runs": true}

// Decide holds a gate against the sessions, in one mode; of is the number of
// gates and modes that are decided together. The distance of both sides of the
// expression, on the logarithm where both are above 0, is estimated from all
// sessions, its error by leaving out one session after the other (Tukey's
// jackknife, by side; exact for a ratio); the gate fails where even the
// friendlier end of the interval breaks it.
func (c *Comparison) Decide(g *gate.Expr, mode string, of int) (Decision, error) {
	e := &estimate{c: c, mode: mode, used: [2]map[string]bool{{}, {}}}
	whole, err := g.Values(e.lookup(none, none))
	if err != nil {
		return Decision{}, err
	}
	if whole.Fails != "" {
		return Decision{between.Fail, whole.Fails}, nil
	}
	e.logs = whole.Left > 0 && whole.Right > 0
	point := e.distance(whole)
	sign := 1.0 // of a distance that breaks the gate
	if !g.AtMost() {
		sign = -1
	}
	verdict := func(o between.Outcome, more string) (Decision, error) {
		word := map[between.Outcome]string{between.Pass: "holds", between.Fail: "fails", between.Undecided: "is undecided"}[o]
		return Decision{o, fmt.Sprintf("gate '%s' %s: %s against %s%s", g.Text, word, gate.Show(whole.Left), gate.Show(whole.Right), more)}, nil
	}
	var se, df float64 // of a fact none
	if !e.isFact() {
		if se, df, err = e.error(g); err != nil {
			return Decision{}, err
		}
	}
	na, nb := len(c.sides[0]), len(c.sides[1])
	switch {
	case math.IsNaN(se):
		return verdict(between.Undecided, fmt.Sprintf("; %d and %d sessions do not tell how sessions vary by themselves (several a side do, or --noise)", na, nb))
	case se == 0 && g.Holds(whole):
		return verdict(between.Pass, "")
	case se == 0:
		return verdict(between.Fail, "")
	}
	half := se * distuv.StudentsT{Sigma: 1, Nu: df}.Quantile(1-falseFails/float64(max(of, 1)))
	words := fmt.Sprintf(" (%d and %d sessions: %s to %s)", na, nb, gate.Show(e.left(whole, point-half)), gate.Show(e.left(whole, point+half)))
	return verdict(between.AtMost(sign*point-half, sign*point+half, 0), words)
}

// none leaves out no session.
const none = -1

// estimate evaluates a gate over sessions.
type estimate struct {
	c    *Comparison
	mode string
	logs bool
	used [2]map[string]bool // names, by side
}

func (e *estimate) distance(v gate.Values) float64 {
	if e.logs {
		return math.Log(v.Left / v.Right)
	}
	return v.Left - v.Right
}

// left is the left side at a distance from the right one.
func (e *estimate) left(v gate.Values, distance float64) float64 {
	if e.logs {
		return v.Right * math.Exp(distance)
	}
	return v.Right + distance
}

// isFact says whether the gate speaks of what sessions are, not of how the next
// one would be: counts of single sessions, or figures of B alone.
func (e *estimate) isFact() bool {
	fact := true
	for i, names := range e.used {
		for n := range names {
			counted := exactly[n[strings.LastIndexByte(n, '.')+1:]]
			fact = fact && len(e.c.sides[i]) == 1 && (counted || len(e.used[0]) == 0)
		}
	}
	return fact
}

// lookup finds a quantity over the sessions of a side but one.
func (e *estimate) lookup(leftOut ...int) gate.Lookup {
	return func(name string, inA bool) (float64, bool) {
		side := sideOf(inA)
		e.used[side][name] = true
		return e.c.figure(e.c.sides[side], e.mode, name, leftOut[side])
	}
}

// sideOf is where a side's sessions stand.
func sideOf(inA bool) int {
	if inA {
		return 0
	}
	return 1
}

// figure is the geometric mean of a quantity over sessions, the arithmetic one
// where not all are above 0; NaN where one lacks it, ok false where nobody
// knows the name.
func (c *Comparison) figure(sessions []*session, mode, name string, leftOut int) (v float64, ok bool) {
	var sum, logs float64
	n := 0
	for i, s := range sessions {
		x, has := s.q[mode][name]
		if !has {
			x = math.NaN()
		}
		if i == leftOut {
			continue
		}
		sum, logs, n = sum+x, logs+math.Log(x), n+1
	}
	for _, side := range c.sides {
		for _, s := range side {
			_, has := s.q[mode][name]
			ok = ok || has // a lane that one side lost is no misspelt name
		}
	}
	if v = math.Exp(logs / float64(n)); n == 1 || math.IsNaN(v) || v == 0 {
		v = sum / float64(n)
	}
	return v, ok
}

// error is the standard error of the distance and its degrees of freedom; NaN
// where a side that matters has one session and no variation was recorded.
func (e *estimate) error(g *gate.Expr) (se, df float64, err error) {
	var parts, dfs [2]float64
	for side, sessions := range e.c.sides {
		n := len(sessions)
		if len(e.used[side]) == 0 {
			continue
		}
		var d []float64
		switch {
		case n > 1:
			for i := range n {
				leftOut := []int{none, none}
				leftOut[side] = i
				v, err := g.Values(e.lookup(leftOut...))
				if err != nil {
					return 0, 0, err
				}
				d = append(d, e.distance(v)*float64(n-1)) // pseudo-values but for a constant and the sign
			}
		case len(e.c.noise) > 1:
			for _, s := range e.c.noise {
				v, err := g.Values(func(name string, inA bool) (float64, bool) {
					if inA == (side == 0) {
						x, ok := s.q[e.mode][name]
						return x, ok
					}
					return e.lookup(none, none)(name, inA)
				})
				if err != nil {
					return 0, 0, err
				}
				d = append(d, e.distance(v))
			}
		default:
			return math.NaN(), 0, nil
		}
		parts[side], dfs[side] = variance(d)/float64(n), float64(len(d)-1)
	}
	sum := parts[0] + parts[1]
	var denominator float64
	for i, p := range parts {
		if p > 0 {
			denominator += p * p / dfs[i] // Welch and Satterthwaite
		}
	}
	return math.Sqrt(sum), sum * sum / denominator, nil
}

func variance(v []float64) float64 {
	var mean, sum float64
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		sum += (x - mean) * (x - mean)
	}
	return sum / float64(len(v)-1)
}
