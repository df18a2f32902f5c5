//go:build cgo

package onnxmodel

import (
	"fmt"
	"testing"
)

// TestTorchExport: on a graph that this program did not make, padding on the
// left changes nothing, and decoding with a growing and with a bucketed cache
// gives the tokens that running the whole row gives.
func TestTorchExport(t *testing.T) {
	needORT(t)
	ownCache(t)
	p := prepared(t, testModel(t, "torch-llama"))
	i := p.Info
	if i.Layers != 2 || i.KVHeads != 2 || i.HeadDim != 4 || i.Heads != 4 || i.Vocab != 100 || i.Config != "" {
		t.Errorf("sizes %+v", i)
	}
	seq := randomIDs(3, 7, i.Vocab)
	prompt := append([]int64(nil), seq...)
	var want []int64
	const steps = 6
	for range steps + 1 {
		out := run(t, p.Prefill.Path, nil, promptFeeds(i, [][]int64{seq}, []int{0}))
		token := ints(t, out[p.Prefill.Token])[0]
		want, seq = append(want, token), append(seq, token)
	}
	for _, k := range []int{0, 16} {
		if got := decode(t, p, prompt, steps, k); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("bucket %d: tokens %v, want %v", k, got, want)
		}
	}
	plain := run(t, p.Prefill.Path, nil, promptFeeds(i, [][]int64{prompt}, []int{0}))
	padded := run(t, p.Prefill.Path, nil, promptFeeds(i, [][]int64{append([]int64{1, 1, 1}, prompt...)}, []int{3}))
	a, b := floats(t, plain[p.Prefill.Logits]), floats(t, padded[p.Prefill.Logits])
	var last []float64
	for _, v := range a[len(a)-i.Vocab:] {
		last = append(last, float64(v))
	}
	if d := relL2(b[len(b)-i.Vocab:], last); d > 1e-4 {
		t.Errorf("padding changes logits by %.2g", d)
	}
}
