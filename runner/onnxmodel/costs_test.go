package onnxmodel

import (
	"math"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// What the graph says is what the model's sizes say, by hand.
func TestCostsOfBuiltinModels(t *testing.T) {
	for _, name := range []string{"default", "tiny-gpt2"} {
		path := must.Get(EnsureBuiltin(name))(t)
		p := must.Get(Prepare(path))(t)
		c, err := p.Costs()
		if err != nil {
			t.Fatal(name, err)
		}
		i := p.Info
		w, layers, vocab := float64(i.Width), float64(i.Layers), float64(i.Vocab)
		if want := layers * 2 * 12 * w * w; c.Linear != want { // qkv 3 w², out w², two of 4 w²
			t.Errorf("%s: %v operations a token, want %v", name, c.Linear, want)
		}
		if want := 2 * w * vocab; c.Head != want {
			t.Errorf("%s: %v operations of the head, want %v", name, c.Head, want)
		}
		if want := layers * 4 * w; c.Square != want {
			t.Errorf("%s: %v operations a pair, want %v", name, c.Square, want)
		}
		if want := layers * 2 * w * 4; c.Cache != want {
			t.Errorf("%s: %v bytes of cache a token, want %v", name, c.Cache, want)
		}
		// all weights but the positions' table, which is only gathered; the embedding is the head's too
		matrices := layers*12*w*w + vocab*w
		small := layers*(13*w) + 2*w // biases and norms
		if want := 4 * (matrices + small); math.Abs(c.Weights-want) > 64*4*layers {
			t.Errorf("%s: %v bytes of weights, want about %v", name, c.Weights, want)
		}
	}
}
