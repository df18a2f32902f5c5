package ort

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// A compile that fails is inside the time of the request that waited for it,
// whatever the mode, and is no compile; the shape is not tried again.
func TestFailedCompileIsInsideTheTime(t *testing.T) {
	const took = 200 * time.Millisecond
	fails := func(e *engine) {
		e.maker.Refuse = func(s native.SessionSpec) error {
			if !s.Compiled {
				return nil
			}
			time.Sleep(took)
			return errors.New("no memory for it")
		}
	}
	for _, mode := range []string{"prefill", "kv_decode", "e2e_kv", "forward"} {
		t.Run(mode, func(t *testing.T) {
			k := startFaulty(t, fails)
			tries := 1
			if mode == "forward" {
				if _, err := k.loadFile(filepath.Join(moduleDir(t, "github.com/yalue/onnxruntime_go"), "test_data", "example_dynamic_axes.onnx")); err != nil {
					t.Fatal(err.Message)
				}
			} else {
				k.loadBuiltin("default", nil)
			}
			for range 2 {
				switch mode {
				case "prefill":
					k.prefill("variable", 5, 5)
				case "forward":
					k.forward("variable", map[string]int{})
				case "kv_decode":
					k.decode(mode, "eager", "kv-bucketed", 5, 5, 3)
				default: // the prompt and the steps have an executable each
					tries = 2
					k.decode(mode, "bucketed", "kv-bucketed", 5, 8, 3)
				}
			}
			k.drain("optimized", 2)
			rows, told := k.settle()["optimized"], k.events(stats.KindFallback)
			if len(told) != 2 {
				t.Fatalf("fallback events %+v", told)
			}
			least := int64(tries) * int64(took)
			if r := rows[0]; r.wall < least || r.compile != 0 || r.backend != "ort-cpu-eager" || told[0].DurNs < least {
				t.Errorf("%d tries of %v: %+v, event %d ns", tries, took, r, told[0].DurNs)
			}
			if r := rows[1]; r.wall >= int64(took) || told[1].DurNs != 0 {
				t.Errorf("the second time: %+v, event %d ns", r, told[1].DurNs)
			}
		})
	}
}

// slowToTell is a shape that takes its time to be written about.
type slowToTell struct{ lmShape }

const telling = 100 * time.Millisecond

func (s slowToTell) sentence(phase string) string {
	time.Sleep(telling)
	return s.lmShape.sentence(phase)
}

// The time of a request that compiles is that of making and of running: what
// tailscope notes of it, binds and writes in between is not counted.
func TestOwnWorkIsOutsideTheTime(t *testing.T) {
	var ran native.Span
	var o *outcome
	k := startFaulty(t, func(e *engine) {
		l := e.lanes[stats.Optimized]
		r := &protocol.Request{ID: 1, Mode: "prefill", Strategy: protocol.Strategy{Prefill: "variable", Decode: "variable"}}
		shape := slowToTell{lmShape{batch: 1, seq: 5}}
		o = &outcome{lane: l}
		ch, err := e.choose(l, r, phase{name: "prefill", graph: e.prefillG, word: "variable"}, shape)
		if err != nil || !ch.missing() {
			t.Errorf("choice %+v, %v", ch, err)
			return
		}
		var c *call
		err = e.single(l, r, o, &ch, func() (err error) {
			time.Sleep(telling)
			c, err = l.calls.get(ch.s, l.st, shape.lmShape, 0)
			return err
		}, func(t *native.Span) error {
			err := c.run(t)
			ran = *t
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	k.loadBuiltin("default", nil)
	k.send(&protocol.Flush{ID: 1})
	wait[*protocol.Flushed](k)
	s := o.sample
	rest := s.wallNs - s.compileNs - (ran.End - ran.Start)
	if s.compileNs <= 0 || ran.End <= ran.Start || rest < 0 || rest > int64(telling)/2 {
		t.Errorf("%d ns in all, %d of making, %d of running: %d of something else", s.wallNs, s.compileNs, ran.End-ran.Start, rest)
	}
	if whole := ran.End - s.startNs; whole < s.wallNs+2*int64(telling) {
		t.Errorf("the region lasted %d ns, with two pauses of %v and %d ns of work", whole, telling, s.wallNs)
	}
}
