package advisor

import (
	"cmp"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
)

// LengthCount says how many requests had a prompt of Tokens semantic tokens a row.
type LengthCount struct{ Tokens, N int }

// CostModel prices what the advisor weighs.
type CostModel struct {
	BaseNs, PerTokenNs float64   // latency of a prompt executed at n tokens: BaseNs + n × PerTokenNs; NaN unknown
	CompileNs          float64   // making one executable; NaN unknown
	Residuals          []float64 // latency over the shape's median, quantiles of clean samples at equal steps; nil: all 1
	Limit              int       // executables allowed; 0: any number

	// Points are measured latencies of executed lengths, ascending in both: see
	// Isotonic. The line holds beyond them.
	Points []Point
}

func (m *CostModel) known() bool { return !math.IsNaN(m.BaseNs) && !math.IsNaN(m.PerTokenNs) }

// latency is linear between measured points, so that steps, flat parts and what
// grows faster than its length are what they were measured to be.
func (m *CostModel) latency(tokens int) float64 {
	p, t := m.Points, float64(tokens)
	if len(p) < 2 {
		return m.BaseNs + m.PerTokenNs*t
	}
	first, last := p[0], p[len(p)-1]
	switch {
	case t <= first.Tokens:
		return math.Max(0, first.Ns-m.PerTokenNs*(first.Tokens-t))
	case t >= last.Tokens:
		return last.Ns + m.PerTokenNs*(t-last.Tokens)
	}
	i, _ := slices.BinarySearchFunc(p, t, func(p Point, t float64) int { return cmp.Compare(p.Tokens, t) })
	a, b := p[i-1], p[i]
	return a.Ns + (b.Ns-a.Ns)*(t-a.Tokens)/(b.Tokens-a.Tokens)
}

// PaddingNs is the time that executing n tokens for semantic ones costs.
func (m *CostModel) PaddingNs(semantic, executed int) float64 {
	if !m.known() {
		return math.NaN()
	}
	return m.latency(executed) - m.latency(semantic)
}

// paddingCost of executing n requests of length tokens at edge: nanoseconds
// where the model knows them, else tokens.
func (m *CostModel) paddingCost(edge, tokens, n int) float64 {
	if !m.known() {
		return float64(edge-tokens) * float64(n)
	}
	return m.PaddingNs(tokens, edge) * float64(n)
}

// maxCandidates bounds the edges that Advise considers: with more distinct
// lengths, the upper end of each of that many equally full groups.
const maxCandidates = 128

// Advise returns the best edges for k = 1 … maxK buckets: those that minimise
// padding + compiles over the lengths seen, by dynamic programming over the
// sorted lengths (best[k][j] = min over i < j of best[k−1][i] + padding of
// i+1 … j into length j). Optimal edges lie on observed lengths, and the
// largest length is always one. Chosen marks the plan of least total cost that
// the limit allows; none before latencies and compiles are known: compiles are
// never free.
func Advise(lengths []LengthCount, model CostModel, maxK int) []stats.BucketPlan {
	ls := mergeLengths(lengths)
	if len(ls) == 0 {
		return nil
	}
	cand := candidates(ls)
	m := len(cand)
	maxK = min(maxK, m)
	// pad[i][j]: cost of padding all lengths above candidate i−1 and up to j to j.
	pad := paddingTable(ls, cand, &model)
	best, from := make([][]float64, maxK+1), make([][]int, maxK+1)
	for k := range best {
		best[k], from[k] = make([]float64, m+1), make([]int, m+1)
		for j := range best[k] {
			best[k][j] = math.Inf(1)
		}
	}
	best[0][0] = 0
	for k := 1; k <= maxK; k++ {
		for j := k; j <= m; j++ {
			for i := k - 1; i < j; i++ {
				if c := best[k-1][i] + pad[i][j-1]; c < best[k][j] {
					best[k][j], from[k][j] = c, i
				}
			}
		}
	}
	var plans []stats.BucketPlan
	least, chosen := math.Inf(1), -1 // without a price of compiles no cost is less
	for k := 1; k <= maxK; k++ {
		edges := make([]int, k)
		for j, kk := m, k; kk > 0; kk-- {
			edges[kk-1] = cand[j-1]
			j = from[kk][j]
		}
		plans = append(plans, WhatIf(edges, ls, model))
		if cost := best[k][m] + float64(k)*model.CompileNs; cost < least && plans[k-1].Over == 0 {
			least, chosen = cost, k-1
		}
	}
	if chosen >= 0 && model.known() {
		plans[chosen].Chosen = true
	}
	return plans
}

// mergeLengths sorts by length, adds up equal ones and drops empty ones.
func mergeLengths(in []LengthCount) []LengthCount {
	s := slices.Clone(in)
	slices.SortFunc(s, func(a, b LengthCount) int { return a.Tokens - b.Tokens })
	out := s[:0]
	for _, l := range s {
		switch {
		case l.N <= 0 || l.Tokens < 0:
		case len(out) > 0 && out[len(out)-1].Tokens == l.Tokens:
			out[len(out)-1].N += l.N
		default:
			out = append(out, l)
		}
	}
	return out
}

func candidates(ls []LengthCount) []int {
	if len(ls) <= maxCandidates {
		out := make([]int, len(ls))
		for i, l := range ls {
			out[i] = l.Tokens
		}
		return out
	}
	total := 0
	for _, l := range ls {
		total += l.N
	}
	var out []int
	cum := 0
	for i, l := range ls {
		cum += l.N
		if cum*maxCandidates >= total*(len(out)+1) || i == len(ls)-1 {
			out = append(out, l.Tokens)
		}
	}
	return out
}

func paddingTable(ls []LengthCount, cand []int, model *CostModel) [][]float64 {
	m := len(cand)
	pad := make([][]float64, m)
	group := make([][]LengthCount, m) // lengths whose smallest sufficient candidate is j
	j := 0
	for _, l := range ls {
		for cand[j] < l.Tokens {
			j++
		}
		group[j] = append(group[j], l)
	}
	for i := range pad {
		pad[i] = make([]float64, m)
	}
	for j := range m { // to edge j, from group i down to 0
		sum := 0.0
		for i := j; i >= 0; i-- {
			for _, l := range group[i] {
				sum += model.paddingCost(cand[j], l.Tokens, l.N)
			}
			pad[i][j] = sum
		}
	}
	return pad
}

// WhatIf predicts what the given edges would do to the lengths seen. A length
// above the last edge runs as it is and costs a compile of its own. Where that
// makes more executables than the limit allows, the rest runs eager, which the
// model has no price for: latencies are not predicted then.
func WhatIf(edges []int, lengths []LengthCount, model CostModel) stats.BucketPlan {
	ls := mergeLengths(lengths)
	e := slices.Clone(edges)
	slices.Sort(e)
	e = slices.Compact(e)
	p := stats.BucketPlan{Edges: e, PredictedP50: math.NaN(), PredictedP99: math.NaN(), MeasuredP50: math.NaN(), MeasuredP99: math.NaN(), Waste: math.NaN()}
	var semantic, executed float64
	used := map[int]int{} // executed length to requests
	for _, l := range ls {
		at := l.Tokens
		if i, _ := slices.BinarySearch(e, l.Tokens); i < len(e) {
			at = e[i]
		}
		used[at] += l.N
		p.N += l.N
		semantic += float64(l.Tokens) * float64(l.N)
		executed += float64(at) * float64(l.N)
	}
	if semantic > 0 {
		p.Waste = executed/semantic - 1
	}
	p.Compiles = len(used)
	if model.Limit > 0 && p.Compiles > model.Limit {
		p.Compiles, p.Over = model.Limit, p.Compiles-model.Limit
		return p
	}
	if model.known() && len(used) > 0 {
		p.PredictedP50, p.PredictedP99 = predict(used, &model)
	}
	return p
}

// predict mixes, over the executed lengths, the model's latency times the
// residuals, and one compile a length.
func predict(used map[int]int, m *CostModel) (p50, p99 float64) {
	res := m.Residuals
	if len(res) == 0 {
		res = []float64{1}
	}
	type atom struct{ ns, weight float64 }
	var atoms []atom
	total := 0.0
	for tokens, n := range used {
		base := m.latency(tokens)
		warm := float64(n)
		if !math.IsNaN(m.CompileNs) {
			atoms = append(atoms, atom{base + m.CompileNs, 1})
			warm--
			total++
		}
		for _, r := range res {
			atoms = append(atoms, atom{base * r, warm / float64(len(res))})
		}
		total += warm
	}
	slices.SortFunc(atoms, func(a, b atom) int { return cmp.Compare(a.ns, b.ns) })
	at := func(q float64) float64 {
		cum := 0.0
		for _, a := range atoms {
			if cum += a.weight; cum >= q*total*(1-1e-12) {
				return a.ns
			}
		}
		return atoms[len(atoms)-1].ns
	}
	return at(.5), at(.99)
}
