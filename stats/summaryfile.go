package stats

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
)

// SummarySchema names the form of summary.json.
const SummarySchema = "tailscope.summary/1"

// SummaryFile is summary.json of one mode: exact statistics from raw samples,
// times in milliseconds, null where a field does not apply.
type SummaryFile struct {
	Schema   string           `json:"schema"`
	Source   string           `json:"source"`
	Groups   []GroupSummary   `json:"groups"`
	Pairs    []PairSummary    `json:"pairs"`
	Paradox  Paradox          `json:"paradox"`
	Segments []SegmentSummary `json:"segments,omitempty"` // where there are several
	Causes   []CauseSummary   `json:"causes"`
}

// Over are the groups over all scenarios of a segment, "*" for all of them.
func (s *SummaryFile) Over(segment string) iter.Seq[*GroupSummary] {
	return func(yield func(*GroupSummary) bool) {
		for i := range s.Groups {
			if g := &s.Groups[i]; g.Scenario == "*" && g.Segment == segment && !yield(g) {
				return
			}
		}
	}
}

// Pair is of all pairs; nil where there are none.
func (s *SummaryFile) Pair() *PairSummary {
	if i := slices.IndexFunc(s.Pairs, func(p PairSummary) bool { return p.Scenario == "*" && p.Segment == "*" }); i >= 0 {
		return &s.Pairs[i]
	}
	return nil
}

// SegmentSummary is a segment judged alone: what each change of the settings did.
type SegmentSummary struct {
	Segment  string  `json:"segment"` // as in Groups
	ID       int32   `json:"-"`
	AA       bool    `json:"aa"`       // its second lane is another eager session
	Strategy string  `json:"strategy"` // of the optimized lane; empty: several, or unknown
	Compiled int     `json:"compiled"` // requests of the optimized lane that made an executable
	Paradox  Paradox `json:"paradox"`
}

// Num is a number that may be missing: NaN and the infinities are null in JSON.
type Num float64

// MarshalJSON writes the shortest number that reads back the same, or null.
func (n Num) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads null as NaN.
func (n *Num) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Num(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// Missing reports whether there is no number.
func (n Num) Missing() bool { return math.IsNaN(float64(n)) }

// GroupSummary is one lane in one scope; "*" stands for all.
type GroupSummary struct {
	Mode            string `json:"mode"`
	Lane            string `json:"lane"`
	Scenario        string `json:"scenario"`
	Segment         string `json:"segment"`
	N               int    `json:"n"`
	Effective       int    `json:"n_effective"` // independent samples that would tell as much of the median; 0: not known
	Errors          int    `json:"errors"`      // failed requests, not among n
	MeanMs          Num    `json:"mean_ms"`
	StdMs           Num    `json:"std_ms"` // divisor n−1
	MinMs           Num    `json:"min_ms"`
	P50Ms           Num    `json:"p50_ms"`
	P90Ms           Num    `json:"p90_ms"`
	P95Ms           Num    `json:"p95_ms"`
	P99Ms           Num    `json:"p99_ms"`
	P999Ms          Num    `json:"p999_ms"`
	MaxMs           Num    `json:"max_ms"`
	MeanExclMaxMs   Num    `json:"mean_excl_max_ms"`
	MeanExclTop5Ms  Num    `json:"mean_excl_top5_ms"`
	MeanExclFirstMs Num    `json:"mean_excl_first_ms"`
	FirstSamples    int    `json:"first_samples"`     // left out by mean_excl_first_ms
	Runs            int    `json:"runs"`              // runs in the group
	ColdStartRuns   int    `json:"cold_start_runs"`   // of them, first sample > 3 × median of the rest
	TailThresholdMs Num    `json:"tail_threshold_ms"` // of the lane and mode, the same in every group
	TailN           int    `json:"tail_n"`            // samples of the group above it
	DeviceP50Ms     Num    `json:"device_p50_ms"`
	DeviceP99Ms     Num    `json:"device_p99_ms"`
	TokensPerS      Num    `json:"tokens_per_s"` // all tokens over all time
	TTFTP50Ms       Num    `json:"ttft_p50_ms"`
	TTFTP99Ms       Num    `json:"ttft_p99_ms"`
	TTFTP99LoMs     Num    `json:"ttft_p99_lo_ms"` // 95 % interval
	TTFTP99HiMs     Num    `json:"ttft_p99_hi_ms"`
	ITLP50Ms        Num    `json:"itl_p50_ms"`
	ITLP99Ms        Num    `json:"itl_p99_ms"`
	ITLP99LoMs      Num    `json:"itl_p99_lo_ms"` // 95 % interval, the request being the unit
	ITLP99HiMs      Num    `json:"itl_p99_hi_ms"`
	SLOMissed       Num    `json:"slo_missed"`    // share
	SLOMissedLo     Num    `json:"slo_missed_lo"` // 95 % interval
	SLOMissedHi     Num    `json:"slo_missed_hi"`
	ResponseP50Ms   Num    `json:"response_p50_ms"` // since due, open loop
	ResponseP99Ms   Num    `json:"response_p99_ms"`

	// The limit: docs/limits.md.
	LimitShare   Num `json:"limit_share"` // median of bound ÷ latency over clean samples
	LimitShareLo Num `json:"limit_share_lo"`
	LimitShareHi Num `json:"limit_share_hi"`
	BoundMs      Num `json:"bound_ms"`      // mean
	BoundCompute Num `json:"bound_compute"` // share of the bound that operations set, bytes set the rest
	GapPadding   Num `json:"gap_padding"`   // shares of what is above the bound
	GapHost      Num `json:"gap_host"`
	GapDevice    Num `json:"gap_device"`

	// Energy of the whole device while the lane ran alone, over all scenarios.
	EnergyJ           Num `json:"energy_j"` // a request
	EnergyLoJ         Num `json:"energy_j_lo"`
	EnergyHiJ         Num `json:"energy_j_hi"`
	EnergyPer1kTokens Num `json:"energy_j_per_1k_tokens"`
	EnergyBlocks      int `json:"energy_blocks"` // that it rests on

	ITLN int `json:"-"` // independent steps that would tell as much as those under itl_p99_ms
}

// TakeLimit fills in the limit.
func (g *GroupSummary) TakeLimit(l Limit) {
	g.LimitShare, g.LimitShareLo, g.LimitShareHi = Num(l.Share.Value), Num(l.Share.Lo), Num(l.Share.Hi)
	g.BoundMs, g.BoundCompute = Ms(l.Bound), Num(l.Compute)
	g.GapPadding, g.GapHost, g.GapDevice = Num(l.Padding), Num(l.Host), Num(l.Device)
}

// Limit is the group's limit as it was computed.
func (g *GroupSummary) Limit() Limit {
	l := NoLimit()
	if g.LimitShare.Missing() || g.LimitShare <= 0 { // 0: written before there were limits
		return l
	}
	l.Share.Value, l.Share.Lo, l.Share.Hi, l.Share.N = float64(g.LimitShare), float64(g.LimitShareLo), float64(g.LimitShareHi), g.N
	l.Bound, l.Compute = float64(g.BoundMs)*1e6, float64(g.BoundCompute)
	l.Padding, l.Host, l.Device = float64(g.GapPadding), float64(g.GapHost), float64(g.GapDevice)
	return l
}

// PairSummary describes optimized − eager per request in one scope.
type PairSummary struct {
	Mode           string `json:"mode"`
	Scenario       string `json:"scenario"`
	Segment        string `json:"segment"`
	N              int    `json:"n"`
	MedianDiffMs   Num    `json:"median_diff_ms"`
	MedianDiffLoMs Num    `json:"median_diff_lo_ms"`
	MedianDiffHiMs Num    `json:"median_diff_hi_ms"`
	ShareWon       Num    `json:"share_won"`
	RatioGeomean   Num    `json:"ratio_geomean"`
	CrossoverQ     Num    `json:"crossover_q"` // null where the samples do not tell of one
	CrossoverLo    Num    `json:"crossover_q_lo"`
	CrossoverHi    Num    `json:"crossover_q_hi"`
	SecondRatio    Num    `json:"second_ratio"` // a lane's latency running second over running first, over all; null where the order was not drawn
	SecondLo       Num    `json:"second_ratio_lo"`
	SecondHi       Num    `json:"second_ratio_hi"`
}

// OrderWords say what running second does, where it is told; "" where it is not.
func (p *PairSummary) OrderWords() string {
	s := Second{float64(p.SecondRatio), float64(p.SecondLo), float64(p.SecondHi)}
	if !s.Told() { // zero: a file without it
		return ""
	}
	words := "slower"
	if s.Hi < 1 {
		words = "faster"
	}
	return fmt.Sprintf("Whichever lane runs second is %s: %s; which one does is drawn by lot, so that neither gains.", words, s.Words())
}

// Paradox says whether mean, median and p99 rank the lanes alike. A winner is
// null where the samples do not tell, "~" within the noise floor.
type Paradox struct {
	Verdict    string             `json:"verdict"`
	Points     *string            `json:"points"` // agree or flip: what the bare figures would say; null where one is missing, or some tell no lane and the others one
	Sentence   string             `json:"sentence"`
	WinnerMean *string            `json:"winner_mean"`
	WinnerP50  *string            `json:"winner_p50"`
	WinnerP99  *string            `json:"winner_p99"`
	Statistics []StatisticSummary `json:"statistics"`
	Advice     []AdviceSummary    `json:"advice"` // none where strategies took turns: no one of them was judged
}

// AdviceSummary is a line of the production rule, the first the most pressing.
type AdviceSummary struct {
	Rule     string   `json:"rule"`
	Sentence string   `json:"sentence"`
	Evidence []string `json:"evidence"`
	Strategy *string  `json:"strategy"` // in the words of --strategy: what to set to follow it; null: nothing, or it is in force
	ThenMs   Num      `json:"p99_ms_then"`
}

// StatisticSummary is a Ranking in milliseconds.
type StatisticSummary struct {
	Statistic string  `json:"statistic"`
	Ahead     *string `json:"ahead"`  // lane that the bare figures favour
	Winner    *string `json:"winner"` // the same where it is told apart
	DiffMs    Num     `json:"diff_ms"`
	LoMs      Num     `json:"lo_ms"`
	HiMs      Num     `json:"hi_ms"`
	Level     Num     `json:"level"` // of lo … hi; the three together keep 0.95
	N         int     `json:"n"`
	Effective int     `json:"n_effective"`
	Paired    bool    `json:"paired"`
	FloorMs   Num     `json:"noise_floor_ms"` // 0: unknown
}

// CauseSummary is one line of the cause ledger.
type CauseSummary struct {
	Mode         string `json:"mode"`
	Lane         string `json:"lane"`
	Cause        string `json:"cause"`
	N            int    `json:"n"`
	P99MsWithout Num    `json:"p99_ms_without"`
}

func Ms(ns float64) Num { return Num(ns / 1e6) }
