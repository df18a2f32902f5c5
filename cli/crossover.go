package cli

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// crossovers says, of each swept key that is a number, where along it the lanes
// change places, and of each that is not, which of its values is fastest: one
// sentence a mode and combination of the others.
func crossovers(keys []string, points []sweepPoint) (lines []string) {
	for m := range stats.Mode(stats.NumModes) {
		for _, key := range keys {
			values := valuesOf(key, points)
			if len(values) < 2 {
				continue
			}
			numbers := numbersOf(values)
			for _, s := range seriesOf(m.String(), key, values, keys, points) {
				if numbers != nil {
					lines = append(lines, s.crossing(key, values, numbers))
				} else {
					lines = append(lines, s.byWord(key, values))
				}
			}
		}
	}
	return slices.DeleteFunc(lines, func(l string) bool { return l == "" })
}

// series is what a mode came to along one key, the others fixed.
type series struct {
	name   string          // mode, and the others' values
	ratios []float64       // optimized ÷ eager, geometric mean of pairs; NaN: no pairs
	told   []bool          // the interval of the median difference excludes zero
	p50    map[int]float64 // optimized, ms, by value
}

// seriesOf takes a mode's points apart by the values of the other keys.
func seriesOf(mode, key string, values, keys []string, points []sweepPoint) (out []*series) {
	for _, p := range points {
		s := p.Modes[mode]
		if s == nil {
			continue
		}
		name := strings.TrimSpace(mode + " " + describePoint(slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k == key }), p.Values))
		i := slices.IndexFunc(out, func(s *series) bool { return s.name == name })
		if i < 0 {
			i, out = len(out), append(out, &series{name: name, ratios: slices.Repeat([]float64{math.NaN()}, len(values)), told: make([]bool, len(values)), p50: map[int]float64{}})
		}
		at := slices.Index(values, p.Values[key])
		if q := s.Pair(); q != nil && q.RatioGeomean > 0 {
			out[i].ratios[at], out[i].told[at] = float64(q.RatioGeomean), q.MedianDiffLoMs > 0 || q.MedianDiffHiMs < 0
		}
		for g := range s.Over("*") {
			if g.Lane == stats.Optimized.String() && !g.P50Ms.Missing() {
				out[i].p50[at] = float64(g.P50Ms)
			}
		}
	}
	return out
}

// crossing says where the ratio passes one: between which two values, and about
// where by a straight line between their logarithms.
func (s *series) crossing(key string, values []string, numbers []float64) string {
	var found []string
	last, lo, hi := -1, math.Inf(1), math.Inf(-1)
	for i, r := range s.ratios {
		if math.IsNaN(r) || !s.told[i] {
			continue
		}
		lo, hi = min(lo, r), max(hi, r)
		if last >= 0 && (r > 1) != (s.ratios[last] > 1) {
			a, b := math.Log(s.ratios[last]), math.Log(r)
			where := numbers[last] + (numbers[i]-numbers[last])*a/(a-b)
			if numbers[last] > 0 {
				where = numbers[last] * math.Pow(numbers[i]/numbers[last], a/(a-b))
			}
			winner := "optimized"
			if r > 1 {
				winner = "eager"
			}
			found = append(found, fmt.Sprintf("%s is faster from between %s and %s on, about %.3g (ratio %.3g and %.3g)", winner, values[last], values[i], where, s.ratios[last], r))
		}
		last = i
	}
	switch {
	case last < 0:
		return s.name + ": the lanes are not told apart at any " + key + "."
	case len(found) > 0:
		return fmt.Sprintf("%s over %s: %s.", s.name, key, strings.Join(found, "; "))
	case hi < 1:
		return fmt.Sprintf("%s over %s: no crossover, optimized is faster wherever the lanes are told apart: optimized ÷ eager %.3g to %.3g.", s.name, key, lo, hi)
	default:
		return fmt.Sprintf("%s over %s: no crossover, eager is faster wherever the lanes are told apart: optimized ÷ eager %.3g to %.3g.", s.name, key, lo, hi)
	}
}

// byWord gives each value's ratio and median; of values that do the same work,
// strategies and options, also which takes the least.
func (s *series) byWord(key string, values []string) string {
	best := -1
	var parts []string
	for i, v := range values {
		p, ok := s.p50[i]
		if !ok || math.IsNaN(s.ratios[i]) {
			continue
		}
		if best < 0 || p < s.p50[best] {
			best = i
		}
		mark := ""
		if !s.told[i] {
			mark = "~"
		}
		parts = append(parts, fmt.Sprintf("%s %s%.3g (%.4g ms)", v, mark, s.ratios[i], p))
	}
	if len(parts) < 2 {
		return ""
	}
	line := fmt.Sprintf("%s by %s: optimized ÷ eager (and its p50) %s", s.name, key, strings.Join(parts, ", "))
	if key == "strategy" || strings.HasPrefix(key, "torch.") && !strings.HasPrefix(key, "torch.config.") || strings.HasPrefix(key, "options.") {
		line += "; least by " + values[best]
	}
	return line + "."
}

// kernelRow is one row of kernels.csv, times in µs.
type kernelRow struct {
	name             string
	eager, optimized float64
}

// attribution says of each profiled point where the lanes' time goes: kernels
// that differ most, with the share each has of its lane.
func attribution(keys []string, points []sweepPoint) (lines []string) {
	const most = 3
	for _, p := range points {
		rows, err := readKernels(p.Dir)
		if err != nil || len(rows) == 0 {
			continue
		}
		var eager, optimized float64
		shared := 0
		for _, r := range rows {
			eager, optimized = eager+r.eager, optimized+r.optimized
			if r.eager > 0 && r.optimized > 0 {
				shared++
			}
		}
		if eager == 0 || optimized == 0 {
			continue
		}
		lines = append(lines, fmt.Sprintf("kernels, %s: eager %.4g ms, optimized %.4g ms; %d kernels in both lanes, %d in one", describePoint(keys, p.Values), eager/1e3, optimized/1e3, shared, len(rows)-shared))
		for _, r := range rows[:min(most, len(rows))] { // ordered by difference
			lines = append(lines, fmt.Sprintf("  %-60s eager %4.1f %%, optimized %4.1f %%, %+.4g ms", clipName(r.name, 60), 100*r.eager/eager, 100*r.optimized/optimized, (r.optimized-r.eager)/1e3))
		}
	}
	return lines
}

func clipName(name string, n int) string {
	if r := []rune(name); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return name
}

// readKernels reads the profile of a session; none where it has none.
func readKernels(dir string) ([]kernelRow, error) {
	f, err := os.Open(filepath.Join(dir, "profile", "kernels.csv"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	at := func(name string) int { return slices.Index(all[0], name) }
	name, eager, optimized := at("kernel"), at("eager_us"), at("optimized_us")
	if min(name, eager, optimized) < 0 {
		return nil, fmt.Errorf("kernels.csv has other columns: %v", all[0])
	}
	var rows []kernelRow
	for _, r := range all[1:] {
		e, err1 := strconv.ParseFloat(r[eager], 64)
		o, err2 := strconv.ParseFloat(r[optimized], 64)
		if err1 == nil && err2 == nil {
			rows = append(rows, kernelRow{r[name], e, o})
		}
	}
	return rows, nil
}
