//go:build cgo

package onnxmodel

import (
	"fmt"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
)

// TestLayouts prepares each language model of testmodels and compares prefill
// and decode, with growing and with bucketed cache, with the float64 forward,
// at both ends of the optimisation levels.
func TestLayouts(t *testing.T) {
	needORT(t)
	ownCache(t)
	for _, m := range testmodels.All() {
		if m.Spec.Layers == 0 {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			path := must.Get(m.Write(t.TempDir()))(t)
			p := prepared(t, path)
			ref, tolerance := newReference(m.Spec), 1e-5
			if p.Info.DType == "float16" {
				tolerance = 2e-2
			}
			prompt := randomIDs(11, 9, m.Spec.Vocab)
			for _, level := range []ort.GraphOptimizationLevel{ort.GraphOptimizationLevelDisableAll, ort.GraphOptimizationLevelEnableAll} {
				out := run(t, p.Prefill.Path, optimised(level), promptFeeds(p.Info, [][]int64{prompt}, []int{0}))
				logits := floats(t, out[p.Prefill.Logits])
				if d := relL2(logits[len(logits)-m.Spec.Vocab:], ref.logits(prompt)); d > tolerance {
					t.Errorf("level %v: relative L2 %.2g", level, d)
				}
			}
			if p.Decode == nil {
				if m.Name != "no-past" {
					t.Fatal("no decode")
				}
				return
			}
			checkDecode(t, p, ref, prompt)
		})
	}
}

func checkDecode(t *testing.T, p *Prepared, ref *reference, prompt []int64) {
	t.Helper()
	const steps = 8
	buckets := []int{0}
	if p.Bucketed != nil {
		buckets = append(buckets, 24)
	} else if p.WhyNotBucketed == "" {
		t.Error("no bucketed graph and no reason")
	}
	for _, k := range buckets {
		got := decode(t, p, prompt, steps, k)
		seq := append([]int64(nil), prompt...)
		for i, token := range got {
			logits := ref.logits(seq)
			best := argmax(logits)
			// Half precision may choose among near ties.
			if token != best && (p.Info.DType != "float16" || logits[best]-logits[token] > 0.02) {
				t.Errorf("bucket %d, step %d: token %d, want %d (all %s)", k, i, token, best, fmt.Sprint(got))
				break
			}
			seq = append(seq, token)
		}
	}
}
