//go:build cgo

package onnxmodel

import (
	"fmt"
	"math"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
)

// llamaReference is a Llama in plain Go and float64, written from the
// definition of the model: what build.Llama's graph is judged by.
type llamaReference struct {
	build.Llama
	w map[string][]float64
}

func (r *llamaReference) product(name string, x []float64) []float64 {
	w := r.w[name]
	y := make([]float64, len(w)/len(x))
	for i, a := range x {
		for j := range y {
			y[j] += a * w[i*len(y)+j]
		}
	}
	return y
}

func (r *llamaReference) norm(name string, x []float64) []float64 {
	sum, y := 0.0, make([]float64, len(x))
	for _, v := range x {
		sum += v * v
	}
	for i, v := range x {
		y[i] = v / math.Sqrt(sum/float64(len(x))+1e-5) * r.w[name][i]
	}
	return y
}

// rotate turns each head of v by position t: dimension i with i + head/2.
func (r *llamaReference) rotate(v []float64, t int) {
	head := r.Width / r.Heads
	for h := 0; h < len(v); h += head {
		for i := range head / 2 {
			angle := float64(t) * math.Pow(r.Theta, -2*float64(i)/float64(head))
			a, b := v[h+i], v[h+i+head/2]
			v[h+i], v[h+i+head/2] = a*math.Cos(angle)-b*math.Sin(angle), b*math.Cos(angle)+a*math.Sin(angle)
		}
	}
}

func (r *llamaReference) logits(ids []int64) []float64 {
	x := make([][]float64, len(ids))
	embed, head := r.w["model.embed_tokens.weight"], r.Width/r.Heads
	for t, id := range ids {
		x[t] = append([]float64(nil), embed[int(id)*r.Width:int(id+1)*r.Width]...)
	}
	for l := range r.Layers {
		name := fmt.Sprintf("model.layers.%d.", l)
		var k, v [][]float64
		for t := range x {
			n := r.norm(name+"input_layernorm.weight", x[t])
			q := r.product(name+"self_attn.q_proj.weight", n)
			k, v = append(k, r.product(name+"self_attn.k_proj.weight", n)), append(v, r.product(name+"self_attn.v_proj.weight", n))
			r.rotate(q, t)
			r.rotate(k[t], t)
			y := make([]float64, r.Width)
			for h := range r.Heads {
				at, p, sum := h/(r.Heads/r.KVHeads)*head, make([]float64, t+1), 0.0
				for s := range p {
					dot := 0.0
					for i := range head {
						dot += q[h*head+i] * k[s][at+i]
					}
					p[s] = math.Exp(dot / math.Sqrt(float64(head)))
					sum += p[s]
				}
				for s := range p {
					for i := range head {
						y[h*head+i] += p[s] / sum * v[s][at+i]
					}
				}
			}
			add(x[t], r.product(name+"self_attn.o_proj.weight", y))
		}
		for t := range x {
			n := r.norm(name+"post_attention_layernorm.weight", x[t])
			gate, up := r.product(name+"mlp.gate_proj.weight", n), r.product(name+"mlp.up_proj.weight", n)
			for i, g := range gate {
				up[i] *= g / (1 + math.Exp(-g))
			}
			add(x[t], r.product(name+"mlp.down_proj.weight", up))
		}
	}
	last := r.norm("model.norm.weight", x[len(ids)-1])
	out := make([]float64, r.Vocab)
	for v := range out {
		for i, a := range last {
			out[v] += a * embed[v*r.Width+i]
		}
	}
	return out
}

// A Llama answers like the reference, in single and half precision and with
// padding on the left, and decodes the reference's tokens over a cache.
func TestLlamaAgainstReference(t *testing.T) {
	needORT(t)
	ownCache(t)
	for dtype, tolerance := range map[int32]float64{build.Float: 1e-5, build.Float16: 2e-2} {
		c := build.Llama{Name: "small", Layers: 2, Heads: 4, KVHeads: 2, Width: 32, Inner: 64, Vocab: 300, MaxPos: 64, Theta: 10000, Seed: 5, DType: dtype}
		r := &llamaReference{c, map[string][]float64{}}
		for _, w := range c.Graph().Weights {
			for _, v := range w.Floats() {
				r.w[w.Name] = append(r.w[w.Name], float64(v))
			}
		}
		p := prepared(t, buildModel(t, c, build.Options{External: true}))
		const n, pad = 13, 5
		rows := [][]int64{randomIDs(1, n, c.Vocab), randomIDs(2, n, c.Vocab)}
		out := run(t, p.Prefill.Path, optimised(ort.GraphOptimizationLevelDisableAll), promptFeeds(p.Info, rows, []int{0, pad}))
		logits := floats(t, out["logits"])
		for i, from := range []int{0, pad} {
			if d := relL2(logits[(i*n+n-1)*c.Vocab:(i*n+n)*c.Vocab], r.logits(rows[i][from:])); d > tolerance {
				t.Errorf("dtype %d, row %d: relative L2 %.2g", dtype, i, d)
			}
		}
		if dtype != build.Float {
			continue
		}
		want := append([]int64(nil), rows[0]...)
		for range 6 {
			want = append(want, argmax(r.logits(want)))
		}
		for _, k := range []int{0, 32} {
			if got := decode(t, p, rows[0], 5, k); fmt.Sprint(got) != fmt.Sprint(want[n:]) {
				t.Errorf("bucket %d: tokens %v, want %v", k, got, want[n:])
			}
		}
	}
}
