package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Strategy is how shapes reach the optimized lane, a word for each phase.
type Strategy struct{ Prefill, Decode string }

// PrefillWords and decodeWords are the strategies of each phase. In decode
// padded and bucketed mean a growing cache that starts from a padded prompt.
var (
	PrefillWords = stats.StrategyWords(stats.PrefillPhase, "")
	decodeWords  = stats.StrategyWords(stats.DecodePhase, "")
)

// ParseStrategy reads one word for all phases or one a phase:
// "padded", "prefill=padded,decode=eager".
func ParseStrategy(s string) (Strategy, error) {
	if !strings.Contains(s, "=") {
		return expandWord(strings.TrimSpace(s))
	}
	st := Strategy{Prefill: "variable", Decode: "variable"}
	for part := range strings.SplitSeq(s, ",") {
		phase, word, ok := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case ok && phase == "prefill" && slices.Contains(PrefillWords, word):
			st.Prefill = word
		case ok && phase == "decode" && slices.Contains(decodeWords, word):
			st.Decode = word
		default:
			return st, fmt.Errorf("strategy %q: %q is not prefill=%s or decode=%s", s, part,
				strings.Join(PrefillWords, "|"), strings.Join(decodeWords, "|"))
		}
	}
	return st, nil
}

// expandWord gives the phases of a single strategy word. The decode-only
// strategies take the prefill strategy that gives them few shapes; one of prompts alone
// fills a cache of one fixed size.
func expandWord(w string) (Strategy, error) {
	if r := stats.StrategyOf(w); r != nil && r.Alone != "" {
		return Strategy{w, string(r.Alone)}, nil
	} else if r != nil {
		return Strategy{string(r.Prompt), w}, nil
	}
	return Strategy{}, fmt.Errorf("unknown strategy %q: want %s, or one a phase as prefill=padded,decode=eager", w, strings.Join(decodeWords, ", "))
}

// Label is the strategy as files and screen name it in a mode.
func (s Strategy) Label(mode string) string {
	return stats.ModeOf(mode).Label(s.Prefill, s.Decode)
}

// String is the shortest spelling that ParseStrategy reads back.
func (s Strategy) String() string { return stats.JoinStrategy(s.Prefill, s.Decode) }

// Wire is the strategy as the engine is asked for it: a decode word that the
// engine does not list is the growing cache, which is what it means.
func (s Strategy) Wire(offered map[string][]string) protocol.Strategy {
	w := protocol.Strategy{Prefill: s.Prefill, Decode: s.Decode}
	if r := stats.StrategyOf(w.Decode); r != nil && r.Grows && !slices.Contains(offered["decode"], w.Decode) {
		w.Decode = "variable"
	}
	return w
}

// Shaper turns a prompt's length into the length that is executed.
type Shaper struct {
	Strategy    Strategy
	Edges       []int // of bucketed, ascending; nil: powers of two
	Piece       int   // of chunked: tokens; 0: usualPiece
	EagerInputs string
}

// PieceOption is the engine's option that says how long a piece of chunked is.
const PieceOption = "prefill_chunk"

const usualPiece = 64

// NewShaper is the one of a configuration under a strategy.
func NewShaper(cfg *configs.Config, st Strategy) Shaper {
	piece, _ := strconv.Atoi(cfg.Options[PieceOption]) // the engine refuses what is no number
	return Shaper{Strategy: st, Edges: cfg.BucketEdges, Piece: piece, EagerInputs: cfg.EagerInputs}
}

// Exec returns the executed prompt length of each lane, eager first, for a
// prompt of tokens in a scenario padded to padTo.
func (s Shaper) Exec(tokens, padTo int) [2]int {
	opt := tokens
	switch s.Strategy.Prefill {
	case "padded":
		opt = max(tokens, padTo)
	case "bucketed":
		opt = NextEdge(s.Edges, tokens)
	case string(stats.Chunked):
		n := cmp.Or(max(0, s.Piece), usualPiece)
		opt = (tokens + n - 1) / n * n
	}
	if s.EagerInputs == "raw" {
		return [2]int{tokens, opt}
	}
	return [2]int{opt, opt}
}

// NextEdge returns the smallest edge that is at least n; n itself above the
// last edge. Nil edges are the powers of two.
func NextEdge(edges []int, n int) int {
	if edges == nil {
		e := 1
		for e < n {
			e *= 2
		}
		return e
	}
	if i, _ := slices.BinarySearch(edges, n); i < len(edges) {
		return edges[i]
	}
	return n
}

// PadTo is the length to which padded brings the prompts of a scenario:
// its own pad_to, or its longest prompt.
func PadTo(sc configs.Scenario) int {
	longest := sc.PadTo
	for _, p := range sc.Prompts {
		longest = max(longest, p.Tokens, p.To)
	}
	return longest
}
