package stats

import (
	"fmt"
	"math"
	"strings"
)

// Statistic is one of the three by which lanes are ranked.
type Statistic uint8

// The statistics, in the order in which a verdict names them.
const (
	Median Statistic = iota
	Mean
	P99
	NumStatistics = 3
)

var statisticNames = [NumStatistics]string{"median", "mean", "p99"}

// String returns the statistic's name as it stands in sentences and files.
func (s Statistic) String() string { return statisticNames[s] }

// Ranking says which lane is ahead in one statistic and whether the samples tell
// that from chance. Times are ns.
type Ranking struct {
	Ahead        string  // lane that the bare figures favour; "~": equal, or within the noise floor; "": not known
	Winner       string  // the same where it is told apart; "~" within the noise floor; else ""
	Told         bool    // Lo … Hi leaves out 0
	Diff, Lo, Hi float64 // optimized − eager; the interval is NaN where there is none
	Level        float64 // of Lo … Hi; the three statistics together keep 95 %
	N            int     // pairs, or samples a lane
	Effective    float64 // independent ones that would tell as much
	Floor        float64 // of an A/A run; 0: unknown
	Usual        bool    // Floor is what sessions usually differ by: no A/A run has measured it
	Sessions     int     // A/A sessions of this machine that Floor comes from; 0: none
	Paired       bool
}

// Words are the difference with its interval: "-0.30 ms [-0.33, -0.27]"; "" where
// it is not known.
func (r *Ranking) Words() string {
	switch {
	case math.IsNaN(r.Diff):
		return ""
	case math.IsNaN(r.Lo) || math.IsNaN(r.Hi):
		return SignedMs(r.Diff)
	}
	bare := func(ns float64) string { return strings.TrimSuffix(SignedMs(ns), " ms") }
	return fmt.Sprintf("%s [%s, %s]", SignedMs(r.Diff), bare(r.Lo), bare(r.Hi))
}

// Rankings are by statistic.
type Rankings [NumStatistics]Ranking

// Verdict is a sentence with the evidence that led to it.
type Verdict struct {
	Code       string // see package verdict
	Points     string // agree, flip: what the bare figures would say, told apart or not; "" where one is missing, or some tell no lane and the others one
	Sentence   string
	Short      []string // the same in fewer words, longest first: a narrow screen takes the first that fits. Each says the doubt
	Ranks      Rankings
	WinnerMean string // eager, optimized, ~ (within the noise floor) or "": not told
	WinnerP50  string
	WinnerP99  string
	Advice     []Advice // the production rule, TR120 7.3 and 7.4
	Outcome    *Outcome // of the advice that was followed last; nil: none was
}

// Advice is one line of the production rule.
type Advice struct {
	Rule     string // not_compiler_real, stabilise_shapes, decode, churn, …
	Sentence string
	Evidence []string
	Strategy string  // in the words of --strategy: what to set to follow it; "": nothing, or it is in force
	ThenNs   float64 // the optimized lane's p99 predicted for it; NaN: nothing predicts it
}

// Outcome holds what came of advice against what was predicted: the optimized
// lane's p99 in the segment in which it was said, and in the one that follows it.
type Outcome struct {
	ThenNs   float64 // predicted; NaN: not known
	Now      Quantile
	Sentence string
}
