package ort

import (
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Lanes are judged by the same model in float32 on the CPU: in every mode, in half precision
// too, right outputs are right and those of another request are wrong. A bounded
// number of references is taken, and what they took is reported.
func TestLanesAreJudgedByAReference(t *testing.T) { judgedByAReference(t, "cpu") }

func TestCUDALanesAreJudgedByAReference(t *testing.T) {
	OnCUDA(t)
	judgedByAReference(t, "cuda")
}

func judgedByAReference(t *testing.T, provider string) {
	for _, name := range []string{"", "half"} {
		e := newTestEngine(t, "default", func(l *protocol.Load) {
			l.Provider = provider
			if name != "" {
				path := must.Get(testmodels.Write(t.TempDir(), name))(t)
				l.Model = path
			}
		})
		for _, mode := range []string{"prefill", "kv_decode", "e2e_kv"} {
			run := func(l *lane, seed uint64) (*protocol.Request, *outcome) {
				r := &protocol.Request{ID: seed, Mode: mode, Batch: 1, Tokens: 9, Exec: [2]int{9, 9}, NewTokens: 4, Seed: seed,
					Strategy: protocol.Strategy{Prefill: "variable", Decode: "variable"}}
				o := e.inLane(l, r, int(l.id))
				if o.sample.err != "" {
					t.Fatal(name, mode, o.sample.err)
				}
				return r, o
			}
			_, eager := run(e.lanes[stats.Eager], 7)
			r, opt := run(e.lanes[stats.Optimized], 7)
			if provider == "cpu" { // elsewhere this would take a reference
				if wrong, why := e.judge(r, eager, opt, 1); !wrong || why != "" {
					t.Errorf("%s %s: the CPU judges itself%s", name, mode, why)
				}
			}
			if wrong, why := e.higher.judge(e, r, eager, opt, .05); wrong || !strings.Contains(why, "on the CPU the optimized lane is ") {
				t.Errorf("%s %s: right outputs are wrong%s", name, mode, why)
			} else {
				t.Logf("%s %s%s", name, mode, why)
			}
			_, other := run(e.lanes[stats.Optimized], 8) // in the lane's own memory: eager's stays
			if wrong, why := e.higher.judge(e, r, eager, other, 1); !wrong {
				t.Errorf("%s %s: the outputs of another request are right%s", name, mode, why)
			}
		}
		if info := e.higher.e.model.Info; info.DType != "float32" || name == "half" && e.model.Info.DType != "float16" {
			t.Errorf("%s: the reference computes in %s", name, info.DType)
		}
		if n := e.higher.report(); n == nil || n.N < 6 || n.Ns <= 0 || n.Why != "" || e.counters().Checks.Reference.N != n.N {
			t.Errorf("%s: reported %+v", name, n)
		}
		h := &e.higher
		r := &protocol.Request{Mode: "prefill", Strategy: protocol.Strategy{Prefill: "variable", Decode: "variable"}}
		h.taken["prefill "+label(r)] = mostReferences
		if wrong, _ := h.judge(e, r, nil, nil, .06); wrong {
			t.Errorf("%s: no farther apart than what was right, and wrong", name)
		}
		if wrong, why := h.judge(e, r, nil, nil, .2); !wrong || !strings.Contains(why, "8 references were taken") {
			t.Errorf("%s: four times as far apart as what was right, and right%s", name, why)
		}
	}
}

// A forward pass, and a model that cannot be had on the CPU.
func TestForwardIsJudgedByAReference(t *testing.T) {
	e := newTestEngine(t, "default", func(l *protocol.Load) {
		path := must.Get(testmodels.Write(t.TempDir(), "mlp"))(t)
		l.Model = path
	})
	run := func(seed uint64) (*protocol.Request, *outcome) {
		r := &protocol.Request{ID: seed, Mode: "forward", Batch: 1, Tokens: 1, Exec: [2]int{1, 1}, Seed: seed, Dims: map[string]int{"batch_size": 3},
			Strategy: protocol.Strategy{Prefill: "variable", Decode: "variable"}}
		o := e.inLane(e.lanes[stats.Optimized], r, 1)
		if o.sample.err != "" {
			t.Fatal(o.sample.err)
		}
		return r, o
	}
	r, opt := run(3)
	if wrong, why := e.higher.judge(e, r, nil, opt, .05); wrong {
		t.Errorf("right outputs are wrong%s", why)
	}
	e.higher.close()
	e.higher = higher{why: "the model has no CPU kernels"}
	if wrong, why := e.higher.judge(e, r, nil, opt, .05); !wrong || !strings.Contains(why, "no reference: the model has no CPU kernels") {
		t.Errorf("without a reference: %v%s", wrong, why)
	}
}

func TestFartherAway(t *testing.T) {
	for _, c := range []struct {
		eager, optimized float64
		wrong            bool
	}{{.01, .029, false}, {.01, .031, true}, {0, .0019, false}, {0, .0021, true}} {
		if wrong, _ := fartherAway(c.eager, c.optimized, .02); wrong != c.wrong {
			t.Errorf("%+v", c)
		}
	}
}

// A difference of a model that quantises as it runs says so.
func TestQuantisingModelsSayWhyTheyDiffer(t *testing.T) {
	e := &engine{model: &onnxmodel.Prepared{Info: &onnxmodel.Info{Operators: map[string]int{"DynamicQuantizeLinear": 24}}}}
	if got := e.quantises(); !strings.Contains(got, "quantises its activations") {
		t.Errorf("%q", got)
	}
	e.model.Info.Operators = map[string]int{"MatMul": 24}
	if got := e.quantises(); got != "" {
		t.Errorf("%q", got)
	}
}
