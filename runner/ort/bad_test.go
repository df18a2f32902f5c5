package ort

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// What cannot be loaded ends the worker with one sentence that names it.
func TestBadLoads(t *testing.T) {
	good := must.Get(onnxmodel.EnsureBuiltin("default"))(t)
	whole := must.Get(os.ReadFile(good))(t)
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		must.OK(t, os.WriteFile(path, data, 0o644))
		return path
	}
	for _, c := range []struct {
		name string
		load protocol.Load
		code string
		says string
	}{
		{"missing", protocol.Load{Model: filepath.Join(dir, "none.onnx")}, "model", "none.onnx"},
		{"empty", protocol.Load{Model: file("empty.onnx", nil)}, "model", "empty.onnx"},
		{"cut", protocol.Load{Model: file("cut.onnx", whole[:len(whole)/2])}, "model", "cut.onnx"},
		{"text", protocol.Load{Model: file("text.onnx", []byte("not a model at all"))}, "model", "text.onnx"},
		{"weights missing", protocol.Load{Model: file("alone.onnx", whole)}, "model", "alone.onnx"},
		{"provider", protocol.Load{Model: good, Provider: "cdua"}, "provider", "cdua"},
		{"device", protocol.Load{Model: good, Provider: "cpu", Device: 3}, "provider", "device 3"},
		{"option", protocol.Load{Model: good, Provider: "cpu", Options: map[string]string{"nonsense": "1"}}, "option", "nonsense"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := startWorker(t)
			c.load.Threads, c.load.RecompileLimit = 1, 8
			k.send(&c.load)
			var got *protocol.Error
			for m := range k.got {
				if e, ok := m.(*protocol.Error); ok {
					got = e
				}
			}
			if got == nil || !got.Fatal || got.Code != c.code || !strings.Contains(got.Message, c.says) || strings.Contains(got.Message, "\n") {
				t.Errorf("%+v, want a fatal error of code %s that names %q", got, c.code, c.says)
			}
		})
	}
}

// A compile that runs out of the device's memory is a fallback with its
// reason, tried once; the run goes on, and other shapes compile.
func TestCompileOutOfMemory(t *testing.T) {
	k := startFaulty(t, func(e *engine) {
		e.maker.Refuse = func(s native.SessionSpec) error {
			if s.Compiled && s.Fixed[onnxmodel.DimSeq] == 9 {
				return errors.New("Failed to allocate memory for requested buffer of size 1073741824")
			}
			return nil
		}
	})
	k.loadBuiltin("default", nil)
	lengths := []int{5, 9, 9, 6}
	for _, n := range lengths {
		k.prefill("variable", n, n)
	}
	k.drain("optimized", len(lengths))
	rows := k.settle()["optimized"]
	for i, r := range rows {
		want := "ort-cpu-compiled"
		if lengths[i] == 9 {
			want = "ort-cpu-eager"
		}
		if r.err != "" || r.backend != want {
			t.Errorf("%d tokens: %+v, want %s", lengths[i], r, want)
		}
	}
	f := k.events(stats.KindFallback)
	if len(f) != 2 || !strings.Contains(f[0].Reason, "Failed to allocate") || f[0].Extra["fallback_error"] == "" {
		t.Errorf("%d fallback events: %+v", len(f), f)
	}
	if g := k.counters().Groups[0]; g.UniqueGraphs != 2 || g.LimitReached || g.Fallbacks != 2 {
		t.Errorf("counters %+v", g)
	}
}

// A request of more rows or tokens than there is memory for is refused: the worker died of it.
func TestMoreTokensThanThereAreIsRefused(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", nil)
	for i, batch := range []int{1 << 40, 1 << 62, 1} {
		k.send(&protocol.Request{ID: uint64(i + 1), Mode: "prefill", Batch: batch, Tokens: 5, Exec: [2]int{5, 5}, Strategy: protocol.Strategy{Prefill: "variable", Decode: "eager"}, Order: []string{"eager"}})
	}
	k.drain("eager", 3)
	rows := k.settle()["eager"]
	if len(rows) != 3 || !strings.Contains(rows[0].err, "1099511627776 x 5 tokens") || rows[1].err == "" || rows[2].err != "" {
		t.Errorf("%+v", rows)
	}
}
