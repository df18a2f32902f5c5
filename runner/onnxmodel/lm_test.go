//go:build cgo

package onnxmodel

import (
	"fmt"
	"slices"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/build"
)

// TestLogitsAgainstReference runs the default model through ONNX Runtime,
// unoptimized with dynamic shapes, and compares with the float64 forward; a
// batch whose rows are padded on the left must give each row's own answer.
func TestLogitsAgainstReference(t *testing.T) {
	needORT(t)
	ownCache(t)
	for name, c := range map[string]build.GPT2{
		"default":   defaultSpec(t, "default"),
		"tiny-gpt2": defaultSpec(t, "tiny-gpt2"),
		"grouped":   {Layers: 2, Heads: 4, KVHeads: 2, Width: 32, Vocab: 300, MaxPos: 64, Seed: 3, DType: build.Float},
		"from mask": {Layers: 2, Heads: 2, Width: 32, Vocab: 300, MaxPos: 64, Seed: 4, DType: build.Float, Positions: build.FromMask},
	} {
		t.Run(name, func(t *testing.T) {
			p := prepared(t, buildModel(t, c, build.Options{External: true}))
			ref := newReference(c)
			const n = 13
			pad := []int{0, 5, 12}
			var rows [][]int64
			for i := range pad {
				rows = append(rows, randomIDs(uint64(i), n, c.Vocab))
			}
			out := run(t, p.Prefill.Path, optimised(ort.GraphOptimizationLevelDisableAll), promptFeeds(p.Info, rows, pad))
			logits, tokens := floats(t, out["logits"]), ints(t, out[TokenOutput])
			for i := range rows {
				want := ref.logits(rows[i][pad[i]:])
				last := logits[(i*n+n-1)*c.Vocab : (i*n+n)*c.Vocab]
				if d := relL2(last, want); d > 1e-5 {
					t.Errorf("row %d, %d tokens of padding: relative L2 %.2g", i, pad[i], d)
				}
				if tokens[i] != argmax(want) {
					t.Errorf("row %d: token %d, want %d", i, tokens[i], argmax(want))
				}
			}
		})
	}
}

// TestDecodeAgainstReference decodes greedily with a growing cache and with
// one of 32 entries padded on the left, all lanes optimized; both must give
// the tokens that recomputing the whole row gives.
func TestDecodeAgainstReference(t *testing.T) {
	needORT(t)
	ownCache(t)
	c := defaultSpec(t, "default")
	p := prepared(t, buildModel(t, c, build.Options{External: true}))
	ref := newReference(c)
	prompt := randomIDs(9, 7, c.Vocab)
	const steps = 12
	want := append([]int64(nil), prompt...)
	for range steps + 1 {
		want = append(want, argmax(ref.logits(want)))
	}
	want = want[len(prompt):]
	for _, k := range []int{0, 32} {
		t.Run(fmt.Sprintf("bucket %d", k), func(t *testing.T) {
			got := decode(t, p, prompt, steps, k)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("tokens %v, want %v", got, want)
			}
		})
	}
}

// decode returns steps+1 tokens: of the prefill, and of each step. With a
// bucket k > 0 the cache has length k throughout.
func decode(t *testing.T, p *Prepared, prompt []int64, steps, k int) []int64 {
	t.Helper()
	out := run(t, p.Prefill.Path, nil, promptFeeds(p.Info, [][]int64{prompt}, []int{0}))
	g := p.Decode
	if k > 0 {
		g = p.Bucketed
	}
	s := session(t, g.Path, nil)
	past, n := map[string]feed{}, len(prompt)
	for i, name := range p.Prefill.Present {
		past[g.Past[i]] = padLeft(p.Info, out[name], floats(t, out[name]), n, max(k, n))
	}
	tokens := []int64{ints(t, out[p.Prefill.Token])[0]}
	for range steps {
		feeds := stepFeeds(past, g, tokens[len(tokens)-1], n, max(k, n))
		in, o, err := values(g.Path, feeds)
		must.OK(t, err)
		must.OK(t, s.Run(in, o))
		n++
		for i, port := range g.Outputs {
			if j := slices.Index(g.Present, port.Name); j >= 0 {
				past[g.Past[j]] = feed{shape: o[i].GetShape(), f32: append([]float32(nil), floats(t, o[i])...), half: port.Type == "float16"}
			}
			if port.Name == g.Token {
				tokens = append(tokens, ints(t, o[i])[0])
			}
		}
		for _, v := range append(in, o...) {
			v.Destroy()
		}
	}
	return tokens
}

func stepFeeds(past map[string]feed, g *Graph, token int64, n, k int) map[string]feed {
	mask := make([]int64, k+1)
	for i := k - n; i <= k; i++ {
		mask[i] = 1
	}
	f := map[string]feed{
		g.InputIDs:      {shape: []int64{1, 1}, i64: []int64{token}},
		g.AttentionMask: {shape: []int64{1, int64(k + 1)}, i64: mask},
	}
	if g.PositionIDs != "" {
		f[g.PositionIDs] = feed{shape: []int64{1, 1}, i64: []int64{int64(n)}}
	}
	if g.Shift != "" {
		f[g.Shift] = feed{shape: []int64{1}, i64: []int64{int64(k - n)}}
	}
	for name, v := range past {
		f[name] = v
	}
	return f
}

// padLeft turns [1, heads, ≥ n, width] into [1, heads, k, width] holding the
// last n entries.
func padLeft(i *Info, from ort.Value, v []float32, n, k int) feed {
	f := feed{shape: []int64{1, int64(i.KVHeads), int64(k), int64(i.HeadDim)}, half: i.DType == "float16"}
	f.f32 = make([]float32, i.KVHeads*k*i.HeadDim)
	have := int(from.GetShape()[2])
	for h := range i.KVHeads {
		copy(f.f32[(h*k+k-n)*i.HeadDim:(h+1)*k*i.HeadDim], v[(h*have+have-n)*i.HeadDim:(h+1)*have*i.HeadDim])
	}
	return f
}
