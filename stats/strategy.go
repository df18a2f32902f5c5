package stats

import (
	"slices"
	"strings"
)

// Phase is a part of a request that has a strategy of its own.
type Phase string

// The phases. A model that is no language model has one, ForwardPhase.
const (
	PrefillPhase Phase = "prefill"
	DecodePhase  Phase = "decode"
	ForwardPhase Phase = "forward"
)

// Strategy is a word for how shapes reach the optimized lane in one phase.
type Strategy string

// The strategies. What each is, is its row of Strategies and nowhere else.
const (
	Variable    Strategy = "variable"
	Padded      Strategy = "padded"
	Bucketed    Strategy = "bucketed"
	Dynamic     Strategy = "dynamic"
	AllEager    Strategy = "eager"
	KVBucketed  Strategy = "kv-bucketed"
	StaticCache Strategy = "static-cache"
	Chunked     Strategy = "chunked"
)

// StrategyRow is what a strategy is.
type StrategyRow struct {
	Word    Strategy
	Phases  []Phase  // it is a strategy of
	Prompt  Strategy // of the prompt, where the word stands alone for a request of both phases
	Alone   Strategy // of decode, where a word of prompts alone stands for a request of both phases
	Engines []string // own engines that have it
	Grows   bool     // in decode it stands for the growing cache
	Lacking string   // why the others have not, a phrase
	Means   string   // a phrase: the optimized lane runs …
}

var (
	ownEngines   = []string{"ort", "torch"}
	prompts      = []Phase{PrefillPhase, DecodePhase}
	everyPhase   = []Phase{PrefillPhase, DecodePhase, ForwardPhase}
	promptAlone  = []Phase{PrefillPhase}
	decodeAlone  = []Phase{DecodePhase}
	torchsEngine = []string{"torch"}
)

// Strategies are all of them, in the order in which people are told.
var Strategies = []StrategyRow{
	{Variable, everyPhase, Variable, "", ownEngines, false, "", "each shape as it comes, on an executable of its own"},
	{Padded, prompts, Padded, "", ownEngines, true, "", "every prompt padded to the longest"},
	{Bucketed, prompts, Bucketed, "", ownEngines, true, "", "every prompt padded to the next edge"},
	{Dynamic, everyPhase, Dynamic, "", ownEngines, false, "", "all shapes on one executable whose sizes are open"},
	{AllEager, everyPhase, AllEager, "", ownEngines, false, "", "what the eager lane runs"},
	{KVBucketed, decodeAlone, Bucketed, "", ownEngines, false, "", "decode over a cache padded to the next edge"},
	{StaticCache, decodeAlone, Padded, "", torchsEngine, false, "ONNX decoders return a cache that has grown; kv-bucketed is the fixed-size cache here", "decode over a cache of one fixed size"},
	{Chunked, promptAlone, Chunked, StaticCache, torchsEngine, false, "ONNX decoders return a cache that has grown, which the next piece of a prompt would not fit", "every prompt in pieces of one length, over a cache of fixed size"},
}

// StrategyOf is the row of a word; nil: there is none.
func StrategyOf(word string) *StrategyRow {
	if i := slices.IndexFunc(Strategies, func(r StrategyRow) bool { return string(r.Word) == word }); i >= 0 {
		return &Strategies[i]
	}
	return nil
}

// In reports whether it is a strategy of a phase.
func (r *StrategyRow) In(p Phase) bool { return slices.Contains(r.Phases, p) }

// StrategyWords are the words of a phase; with an engine's name those that it has.
func StrategyWords(p Phase, engine string) (out []string) {
	for i := range Strategies {
		if r := &Strategies[i]; r.In(p) && (engine == "" || slices.Contains(r.Engines, engine)) {
			out = append(out, string(r.Word))
		}
	}
	return out
}

// LoneStrategies are the words that may stand alone, for both phases.
func LoneStrategies() (out []string) {
	for i := range Strategies {
		out = append(out, string(Strategies[i].Word))
	}
	return out
}

// StrategyLacks says by word why an engine has not a strategy.
func StrategyLacks(engine string) map[string]string {
	out := map[string]string{}
	for _, r := range Strategies {
		if !slices.Contains(r.Engines, engine) {
			out[string(r.Word)] = r.Lacking
		}
	}
	return out
}

// JoinStrategy is the shortest spelling of a strategy of both phases: the word alone
// where it stands for both.
func JoinStrategy(prefill, decode string) string {
	if r := StrategyOf(decode); r != nil && string(r.Prompt) == prefill {
		return decode
	}
	return "prefill=" + prefill + ",decode=" + decode
}

// PhaseStrategy picks a phase's word from "padded" or "prefill=padded,decode=eager".
func PhaseStrategy(s, phase string) string {
	if !strings.Contains(s, "=") {
		return s
	}
	for part := range strings.SplitSeq(s, ",") {
		if k, v, ok := strings.Cut(strings.TrimSpace(part), "="); ok && k == phase {
			return v
		}
	}
	return ""
}
