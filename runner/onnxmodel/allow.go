package onnxmodel

import (
	"cmp"
	"fmt"

	"github.com/tailscope/tailscope/stats"
)

// Modes and strategies, as the protocol names them.
var (
	lmModes           = stats.ModeNames(stats.CausalLM)
	prefillStrategies = stats.StrategyWords(stats.PrefillPhase, "ort")
	decodeStrategies  = stats.StrategyWords(stats.DecodePhase, "")
	forwardStrategies = stats.StrategyWords(stats.ForwardPhase, "")
)

// allow fills Modes and Strategies.
func (i *Info) allow() {
	i.Strategies = map[string][]Allowed{}
	cannot := i.cannotRun()
	if i.Kind != KindCausalLM {
		for _, m := range lmModes {
			i.mode(m, "not a causal language model: "+i.WhyNotLM)
		}
		i.mode("forward", cannot)
		for _, s := range forwardStrategies {
			i.strategy("forward", s, cannot)
		}
		return
	}
	noCache := cmp.Or(cannot, i.decode.notCached())
	for _, m := range lmModes {
		if m == "prefill" {
			i.mode(m, cannot)
			continue
		}
		i.mode(m, noCache)
	}
	i.mode("forward", "a language model is profiled by prefill, kv_decode and e2e_kv")
	for _, s := range prefillStrategies {
		i.strategy("prefill", s, cmp.Or(cannot, i.whyNotPrefill(s)))
	}
	for _, s := range decodeStrategies {
		i.strategy("decode", s, cmp.Or(noCache, i.whyNotDecode(s)))
	}
}

func (i *Info) mode(name, why string) {
	i.Modes = append(i.Modes, Allowed{Name: name, OK: why == "", Why: why})
}

func (i *Info) strategy(phase, name, why string) {
	i.Strategies[phase] = append(i.Strategies[phase], Allowed{Name: name, OK: why == "", Why: why})
}

// Confirm notes what a trial of padding found: "padded" stands for bucketed
// prompts too. What failed is allowed no more.
func (i *Info) Confirm(strategy, found string, ok bool) {
	for _, list := range i.Strategies {
		for n := range list {
			a := &list[n]
			prompt := strategy == "padded" && (a.Name == "padded" || a.Name == "bucketed")
			if !a.OK || !prompt && a.Name != strategy {
				continue
			}
			if a.OK = ok; ok {
				a.Tried = found
			} else {
				a.Why = found
			}
		}
	}
}

// canMake are the element types of inputs that an engine makes up.
var canMake = map[string]bool{
	"float32": true, "float16": true, "bfloat16": true, "float64": true, "bool": true,
	"int8": true, "int16": true, "int32": true, "int64": true, "uint8": true, "uint16": true, "uint32": true, "uint64": true,
}

// cannotRun says why inputs cannot be made up.
func (i *Info) cannotRun() string {
	for _, p := range i.Inputs {
		switch {
		case p.Type == "string":
			return fmt.Sprintf("input %q takes strings, which are not made up: --input gives them", p.Name)
		case !canMake[p.Type]:
			return fmt.Sprintf("input %q is %s, not a tensor that can be made", p.Name, p.Type)
		case p.NoShape && i.Kind != KindCausalLM:
			return fmt.Sprintf("input %q states no shape: --input gives one with an .npy file", p.Name)
		}
	}
	return ""
}

func (i *Info) whyNotPrefill(s string) string {
	if n, fixed := i.decode.ids.Dim(1); fixed && s != "eager" && i.Layout != LayoutPair {
		return fmt.Sprintf("input_ids has a fixed length of %d", n)
	}
	return ""
}

func (i *Info) whyNotDecode(s string) string {
	switch s {
	case "kv-bucketed":
		return i.whyNotBucketed()
	case "static-cache":
		return "the graph concatenates past and new; a cache of fixed size is kv-bucketed here"
	case "padded", "bucketed":
		if i.PadsRight() {
			return "prompts of this model are padded on the right, and the padding is cut away behind them: kv-bucketed pads the cache"
		}
	}
	return ""
}

// whyNotBucketed says why a cache padded to a bucket is not possible.
func (i *Info) whyNotBucketed() string {
	if i.Kind != KindCausalLM {
		return "not a causal language model"
	}
	if why := i.decode.notCached(); why != "" {
		return why
	}
	if v := i.Opsets[""]; v > 0 && v < 10 {
		return fmt.Sprintf("opset %d has no Slice with computed bounds", v)
	}
	switch {
	case !i.mask.mask:
		return "there is no attention_mask to hide empty entries of the cache with"
	case i.PadsRight() && !i.mask.grouped:
		return "positions follow from the cache's length, empty entries included, in a way that is not understood"
	}
	return ""
}
