package cli

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/snapshot/plots"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// maxSweepLines bounds the lines of one picture.
const maxSweepLines = 12

// plotSweep writes base_<mode>.png and .svg: median and p99 of both lanes over
// the swept key that has the most values. The other keys tell lines apart.
func plotSweep(base string, keys []string, points []sweepPoint) error {
	x := sweepX(keys, points)
	values := valuesOf(x, points)
	numbers := numbersOf(values)
	var errs []error
	for m := range stats.Mode(stats.NumModes) {
		lines := sweepLines(m.String(), keys, x, values, points)
		if len(lines) == 0 {
			continue
		}
		title := m.String()
		if len(lines) > maxSweepLines {
			title += fmt.Sprintf(" (%d of %d lines; the table has all)", maxSweepLines, len(lines))
			lines = lines[:maxSweepLines]
		}
		pic, err := plots.Sweep(title, x, values, numbers, lines)
		if err != nil || pic == nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, os.WriteFile(base+"_"+m.String()+".png", pic.PNG, 0o644),
			os.WriteFile(base+"_"+m.String()+".svg", pic.SVG, 0o644))
	}
	return errors.Join(errs...)
}

// sweepX picks the key of the x axis.
func sweepX(keys []string, points []sweepPoint) string {
	best, most := "", 0
	for _, k := range keys {
		if n := len(valuesOf(k, points)); n > most {
			best, most = k, n
		}
	}
	return best
}

// valuesOf lists the values of a key: numbers ascending, words as they came.
func valuesOf(key string, points []sweepPoint) []string {
	var out []string
	for _, p := range points {
		if v := p.Values[key]; !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	if n := numbersOf(out); n != nil {
		slices.SortStableFunc(out, func(a, b string) int {
			x, _ := strconv.ParseFloat(a, 64) // numbersOf has parsed all
			y, _ := strconv.ParseFloat(b, 64)
			return cmp.Compare(x, y)
		})
	}
	return out
}

// numbersOf parses all values, or none.
func numbersOf(values []string) []float64 {
	var out []float64
	for _, v := range values {
		n, err := strconv.ParseFloat(v, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return nil
		}
		out = append(out, n)
	}
	return out
}

// sweepLines makes a median and a p99 line for each lane and combination of
// the keys that are not on the x axis.
func sweepLines(mode string, keys []string, x string, values []string, points []sweepPoint) []plots.SweepLine {
	var lines []plots.SweepLine
	at := map[string]int{}
	colours := map[string]int{}
	for _, p := range points {
		s := p.Modes[mode]
		if s == nil {
			continue
		}
		others := describePoint(slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k == x }), p.Values)
		for g := range s.Over("*") {
			who := strings.TrimSpace(g.Lane + " " + others)
			if _, ok := colours[who]; !ok {
				colours[who] = len(colours)
			}
			for i, q := range []stats.Num{g.P50Ms, g.P99Ms} {
				need := quantile.Need([]float64{.5, .99}[i])
				name := who + []string{" p50", " p99"}[i]
				k, ok := at[name]
				if !ok {
					k = len(lines)
					at[name] = k
					line := plots.SweepLine{Name: name, Y: make([]float64, len(values)), Few: make([]bool, len(values)), Color: colours[who], Dashed: i == 1}
					for j := range line.Y {
						line.Y[j] = math.NaN()
					}
					lines = append(lines, line)
				}
				j := slices.Index(values, p.Values[x])
				lines[k].Y[j], lines[k].Few[j] = float64(q), g.N < need
			}
		}
	}
	return lines
}
