package onnxmodel

import (
	"fmt"
	"math"
	"testing"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
)

// reference is GPT-2 in plain Go and float64, written from the definition
// of the model and not from the graph: an independent computation.
type reference struct {
	build.GPT2
	w map[string][]float64
}

func newReference(c build.GPT2) *reference {
	r := &reference{GPT2: c, w: map[string][]float64{}}
	for _, w := range c.Graph().Weights {
		for _, v := range w.Floats() {
			r.w[w.Name] = append(r.w[w.Name], float64(v))
		}
	}
	return r
}

// logits of the last token of one row without padding.
func (r *reference) logits(ids []int64) []float64 {
	n, width := len(ids), r.Width
	x := make([][]float64, n)
	for t, id := range ids {
		x[t] = make([]float64, width)
		for i := range x[t] {
			x[t][i] = r.w["transformer.wte.weight"][int(id)*width+i] + r.w["transformer.wpe.weight"][t*width+i]
		}
	}
	for l := range r.Layers {
		h := fmt.Sprintf("transformer.h.%d.", l)
		for t, a := range r.attention(h, x) {
			add(x[t], a)
		}
		for t := range x {
			m := r.linear(h+"mlp.c_fc", r.norm(h+"ln_2", x[t]))
			for i, v := range m {
				m[i] = 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
			}
			add(x[t], r.linear(h+"mlp.c_proj", m))
		}
	}
	last := r.norm("transformer.ln_f", x[n-1])
	out := make([]float64, r.Vocab)
	for v := range out {
		for i, a := range last {
			out[v] += a * r.w["transformer.wte.weight"][v*width+i]
		}
	}
	return out
}

func (r *reference) attention(h string, x [][]float64) [][]float64 {
	kv := r.KVHeads
	if kv == 0 {
		kv = r.Heads
	}
	hd, kvw := r.Width/r.Heads, kv*r.Width/r.Heads
	qkv := make([][]float64, len(x))
	for t := range x {
		qkv[t] = r.linear(h+"attn.c_attn", r.norm(h+"ln_1", x[t]))
	}
	out := make([][]float64, len(x))
	for t := range x {
		y := make([]float64, r.Width)
		for head := range r.Heads {
			q := qkv[t][head*hd : (head+1)*hd]
			k0 := r.Width + head/(r.Heads/kv)*hd
			p := make([]float64, t+1)
			sum := 0.0
			for s := range p {
				dot := 0.0
				for i := range q {
					dot += q[i] * qkv[s][k0+i]
				}
				p[s] = math.Exp(dot / math.Sqrt(float64(hd)))
				sum += p[s]
			}
			for s := range p {
				for i := range hd {
					y[head*hd+i] += p[s] / sum * qkv[s][k0+kvw+i]
				}
			}
		}
		out[t] = r.linear(h+"attn.c_proj", y)
	}
	return out
}

func (r *reference) linear(name string, x []float64) []float64 {
	w, b := r.w[name+".weight"], r.w[name+".bias"]
	y := make([]float64, len(b))
	copy(y, b)
	for i, a := range x {
		for j := range y {
			y[j] += a * w[i*len(y)+j]
		}
	}
	return y
}

func (r *reference) norm(name string, x []float64) []float64 {
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = (v-mean)/math.Sqrt(variance+1e-5)*r.w[name+".weight"][i] + r.w[name+".bias"][i]
	}
	return y
}

func add(x, y []float64) {
	for i := range x {
		x[i] += y[i]
	}
}

// relL2 is |a − b| / |b|.
func relL2(a []float32, b []float64) float64 {
	var d, n float64
	for i := range b {
		d += (float64(a[i]) - b[i]) * (float64(a[i]) - b[i])
		n += b[i] * b[i]
	}
	return math.Sqrt(d / n)
}

func argmax(v []float64) int64 {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return int64(best)
}

// TestAnswersDiffer: a check of outputs proves something only if answers
// depend on the input.
func TestAnswersDiffer(t *testing.T) {
	c := defaultSpec(t, "default")
	ref := newReference(c)
	seen := map[int64]bool{}
	same := 0
	const n = 20
	for i := range n {
		ids := randomIDs(uint64(i), 8, c.Vocab)
		ids[7] = 5 // the last token alone must not decide
		a := argmax(ref.logits(ids))
		seen[a] = true
		if a == 5 {
			same++
		}
	}
	if len(seen) < n*3/4 || same > 2 {
		t.Errorf("%d prompts give %d answers, %d repeat the last token", n, len(seen), same)
	}
}
