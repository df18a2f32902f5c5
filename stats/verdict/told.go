package verdict

import (
	"fmt"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// told sorts the statistics by what is told of them.
type told struct {
	in    *Input
	of    [stats.NumLanes][]string // names told apart, by the lane that is faster
	open  []string                 // not told apart
	floor []string                 // within the noise floor
}

func (t *told) read() {
	for i := range t.in.Ranks {
		r, name := &t.in.Ranks[i], stats.Statistic(i).String()
		lane, err := stats.ParseLane(r.Winner)
		switch {
		case r.Winner == "~":
			t.floor = append(t.floor, name)
		case err != nil:
			t.open = append(t.open, name)
		default:
			t.of[lane] = append(t.of[lane], name)
		}
	}
}

func (t *told) any() int { return len(t.of[stats.Eager]) + len(t.of[stats.Optimized]) }

func (t *told) code() string {
	switch e, o := len(t.of[stats.Eager]), len(t.of[stats.Optimized]); {
	case e > 0 && o > 0:
		return Flip
	case e+o == stats.NumStatistics:
		return Agree
	case len(t.floor) == stats.NumStatistics:
		return Noise
	}
	return Undecided
}

func (t *told) sentence() string {
	switch t.code() {
	case Noise:
		return "The lanes differ in neither mean, median nor p99 beyond the noise floor" + t.floorWords() + "."
	case Agree:
		lane := t.winner()
		return fmt.Sprintf("Mean, median and p99 agree: the %s lane wins all three (%s).", lane, t.figures())
	case Flip:
		s := fmt.Sprintf("Mean, median and p99 do not agree: %s to the %s lane, %s to the %s lane (%s).", list(t.of[stats.Optimized]), stats.Optimized,
			list(t.of[stats.Eager]), stats.Eager, t.figures())
		return s + t.rest()
	}
	if t.any() == 0 {
		s := "Not told apart: " + t.who() + " not tell which lane is faster in " + or(t.open)
		if d := t.in.Ranks[stats.Median].Words(); d != "" && t.in.Ranks[stats.Median].Winner == "" {
			s += " (median difference " + d + ")"
		}
		s += "."
		if len(t.floor) > 0 {
			s += " Within the noise floor" + t.floorWords() + ": " + list(t.floor) + "."
		}
		return s
	}
	return fmt.Sprintf("Told apart only in %s: the %s lane is faster (%s).", list(t.of[t.winner()]), t.winner(), t.figures()) + t.rest()
}

func (t *told) winner() stats.Lane {
	if len(t.of[stats.Optimized]) > 0 {
		return stats.Optimized
	}
	return stats.Eager
}

func (t *told) who() string {
	if r := &t.in.Ranks[stats.Median]; r.Paired {
		return fmt.Sprintf("%d pairs do", r.N)
	}
	return fmt.Sprintf("%d eager and %d optimized samples do", t.in.Lanes[stats.Eager].N, t.in.Lanes[stats.Optimized].N)
}

// floorWords name the floor: of this machine's A/A sessions, or the usual one where
// none has measured it.
func (t *told) floorWords() string {
	var own []string
	for i := range t.in.Ranks {
		if r := &t.in.Ranks[i]; r.Sessions > 0 && r.Winner == "~" {
			own = append(own, fmt.Sprintf("%s %s", stats.Statistic(i), stats.FormatMs(r.Floor)))
		}
	}
	if len(own) > 0 {
		return fmt.Sprintf(" (%s: what %d A/A sessions on this machine differ by)", strings.Join(own, ", "), t.in.Ranks[stats.Median].Sessions)
	}
	for i := range t.in.Ranks {
		if t.in.Ranks[i].Usual {
			return fmt.Sprintf(" (%.0f %%: sessions of the same thing differ by as much; 'tailscope run --aa --restarts 12' measures this machine's)", 100*stats.SessionShare)
		}
	}
	return ""
}

// rest names what is not told, and what is within the floor.
func (t *told) rest() (s string) {
	if len(t.open) > 0 {
		s += " Not told apart: " + list(t.open) + "."
	}
	if len(t.floor) > 0 {
		s += " Within the noise floor" + t.floorWords() + ": " + list(t.floor) + "."
	}
	return s
}

// figures are the differences that are told apart with their intervals.
func (t *told) figures() string {
	var out []string
	for i := range t.in.Ranks {
		if r := &t.in.Ranks[i]; r.Told {
			out = append(out, stats.Statistic(i).String()+" "+r.Words())
		}
	}
	return strings.Join(out, ", ")
}

// short says the same in ever fewer words; the doubt is never what goes.
func (t *told) short() []string {
	open := append(append([]string{}, t.open...), t.floor...)
	rest, tilde := "", ""
	if len(open) > 0 {
		rest, tilde = "; "+list(open)+" not told apart", "; "+strings.Join(open, ", ")+" ~"
	}
	switch t.code() {
	case Noise:
		return []string{t.sentence(), "No difference beyond the noise floor.", "~ within the noise"}
	case Agree:
		return []string{fmt.Sprintf("The %s lane wins median, mean and p99.", t.winner()), t.winner().String() + " wins all three"}
	case Flip:
		o, e := t.of[stats.Optimized], t.of[stats.Eager]
		return []string{"Flip: " + list(o) + " to optimized, " + list(e) + " to eager" + rest + ".",
			"Flip: " + strings.Join(o, ", ") + " optimized, " + strings.Join(e, ", ") + " eager" + tilde}
	}
	if t.any() == 0 {
		return []string{"Not told apart: " + t.who() + " not tell which lane is faster.", "Not told apart in " + or(t.open) + ".", "Not told apart."}
	}
	names := t.of[t.winner()]
	return []string{fmt.Sprintf("Only %s told apart: %s is faster%s.", list(names), t.winner(), rest),
		fmt.Sprintf("%s: %s%s", strings.Join(names, ", "), t.winner(), tilde)}
}
