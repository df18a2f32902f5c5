package tune

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/race"
)

// sentence says what is gained, what it costs, how sure, and what was not tried.
func (r *Result) sentence() string {
	var parts []string
	for i := range r.Races {
		if s := r.Races[i].sentence(r); s != "" {
			parts = append(parts, s)
		}
	}
	for _, c := range r.Confirmed {
		parts = append(parts, c.sentence())
	}
	if r.Doubt != "" {
		parts = append(parts, "Not confirmed: "+r.Doubt+".")
	}
	parts = append(parts, "Not tried: "+strings.Join(r.NotTried, "; ")+".")
	return strings.Join(parts, " ")
}

// sentence of a race: pick against eager, its costs, and whom it was told from.
func (r *RaceResult) sentence(res *Result) string {
	if r.Pick < 0 {
		return r.nothing()
	}
	p, e := r.Rows[r.Pick], r.Rows[0]
	if p.N < quantile.Need(.5) {
		return fmt.Sprintf("%s: %s alone is left, the others are out by what the table says; %s timed, too few for quantiles.", r.Name, p.Name, stats.Counted(p.N, "request"))
	}
	s := fmt.Sprintf("%s: %s takes %s at p50 and %s at p99", r.Name, p.Name, ms(p.P50), ms(p.P99))
	if !p.Limit.Missing() {
		s += fmt.Sprintf(", %s %% of the limit", digits(100*float64(p.Limit)))
	}
	if r.Pick != 0 {
		s += fmt.Sprintf(", eager %s and %s", ms(e.P50), ms(e.P99))
		s += fmt.Sprintf("; executables are waited for by %s of %d, about %s in all, and take %s", stats.Counted(p.Executables, "request"), res.Horizon, ms(p.Cold), bytesText(float64(p.Bytes)))
	}
	told, open, never := 0, []string(nil), []string(nil)
	for i, x := range r.Rows {
		switch {
		case i == r.Pick:
		case x.Told:
			told++
		case x.Out != "":
			never = append(never, x.Name)
		default:
			open = append(open, x.Name)
		}
	}
	s += fmt.Sprintf(". By %s over %d requests %d of %d others are told to be worse (95 %%, at whatever moment one looks)", res.Objective, res.Horizon, told, len(r.Rows)-1)
	if len(open) > 0 {
		s += "; not told apart: " + strings.Join(open, ", ")
	}
	if len(never) > 0 {
		s += "; out by what the table says: " + strings.Join(never, ", ")
	}
	need := quantile.Need(.99)
	if r.Few && len(open) > 0 {
		s += fmt.Sprintf("; their p99s rest on fewer than %d requests, so the least p%g of those left was taken", need, 100*race.Instead)
	} else if p.N < need {
		s += fmt.Sprintf("; its p99 rests on %s, %d are needed", stats.Counted(p.N, "request"), need)
	} else if e.N < need {
		s += fmt.Sprintf("; eager's p99 rests on %s, %d are needed", stats.Counted(e.N, "request"), need)
	}
	return s + "."
}

// nothing says why a race chose none.
func (r *RaceResult) nothing() string {
	most, left := 0, false
	for _, x := range r.Rows {
		if x.Out == "" {
			most, left = max(most, x.N), true
		}
	}
	if !left {
		return r.Name + ": no candidate is left."
	}
	return fmt.Sprintf("%s: nothing is chosen, by %s a candidate at most; %d are needed, its time was too short.", r.Name, stats.Counted(most, "request"), quantile.Need(.5))
}

func (c *Confirmed) sentence() string {
	restarts := "restarts"
	if c.N == 1 {
		restarts = "restart"
	}
	s := fmt.Sprintf("%d %s of %s: optimized ÷ eager %.3f", c.N, restarts, c.Mode, float64(c.Ratio))
	if !c.Lo.Missing() && !c.Hi.Missing() {
		s += fmt.Sprintf(" [%.3f, %.3f] between sessions", float64(c.Lo), float64(c.Hi))
	}
	e, o := stats.Eager, stats.Optimized
	return s + fmt.Sprintf("; p50 %s against %s, p99 %s against %s.", ms(c.P50[o]), ms(c.P50[e]), ms(c.P99[o]), ms(c.P99[e]))
}

func ms(v stats.Num) string {
	if x := float64(v); finite(x) {
		return digits(x) + " ms"
	}
	return "an unknown time"
}

// digits are the first three, without an exponent.
func digits(x float64) string {
	if math.Abs(x) >= 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

func bytesText(b float64) string {
	if math.IsNaN(b) || b <= 0 {
		return "memory that the engine does not count"
	}
	return mib(b)
}
