package ort

import "github.com/tailscope/tailscope/runner/protocol"

// label is the strategy of a request as files and screen name it: the word of
// the mode's phase, or both for the mode that has two.
func label(r *protocol.Request) string {
	switch r.Mode {
	case "kv_decode":
		return r.Strategy.Decode
	case "e2e_kv":
		return joined(r.Strategy)
	}
	return r.Strategy.Prefill
}

// joined is the shortest spelling of a strategy: the word alone where one
// word stands for both phases.
func joined(s protocol.Strategy) string {
	implied := map[string]string{"kv-bucketed": "bucketed", "static-cache": "padded"}
	p, ok := implied[s.Decode]
	if !ok {
		p = s.Decode
	}
	if s.Prefill == p {
		return s.Decode
	}
	return "prefill=" + s.Prefill + ",decode=" + s.Decode
}
