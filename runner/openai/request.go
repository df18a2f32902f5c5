package openai

import (
	"context"
	"math/rand/v2"
	"strings"
)

// job is one request to a server.
type job struct {
	tokens, newTokens int
	seed              uint64
	ids               []int // token ids of a text prompt; nil: made from the seed
}

// vocabulary bounds made-up token ids: every tokenizer of today has so many,
// and the first hundreds are special ones and bytes.
const vocabLow, vocabHigh = 1000, 20000

// ask sends a request in the way the server takes it.
func (s *Server) ask(ctx context.Context, j job) reply {
	body := map[string]any{"model": s.Model, "stream": true, "max_tokens": max(j.newTokens, 1), "temperature": 0}
	if s.usage {
		body["stream_options"] = map[string]any{"include_usage": true}
	}
	if s.fixed {
		body["ignore_eos"], body["min_tokens"] = true, max(j.newTokens, 1)
	}
	rng := rand.New(rand.NewPCG(j.seed, 17))
	switch {
	case s.chat:
		body["messages"] = []map[string]string{{"role": "user", "content": s.text(rng, j.tokens)}}
		return s.post(ctx, "/v1/chat/completions", body)
	case s.ids:
		ids := j.ids
		if ids == nil {
			ids = make([]int, j.tokens)
			for i := range ids {
				ids[i] = vocabLow + rng.IntN(vocabHigh-vocabLow)
			}
		}
		body["prompt"] = ids
	default:
		body["prompt"] = s.text(rng, j.tokens)
	}
	return s.post(ctx, "/v1/completions", body)
}

// words are common enough to be one token each in most vocabularies.
var words = strings.Fields("time year people way day man thing woman life child world school state family student group country problem hand part place case week company system program question work government number night point home water room mother area money story fact month lot right study book eye job word business issue side kind head house service friend father power hour game line end member law car city name")

// text is a prompt of about n tokens.
func (s *Server) text(rng *rand.Rand, n int) string {
	if s.perPrompt > 0 {
		n = max(int(float64(n)/s.perPrompt), 1)
	}
	w := make([]string, n)
	for i := range w {
		w[i] = words[rng.IntN(len(words))]
	}
	return strings.Join(w, " ")
}
