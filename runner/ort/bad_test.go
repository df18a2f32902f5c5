package ort

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tailscope/runner/onnxmodel"
	"tailscope/runner/protocol"
)

// What cannot be loaded ends the worker with one sentence that names it.
func TestBadLoads(t *testing.T) {
	good, err := onnxmodel.EnsureBuiltin("default")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
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
		{"cpus", protocol.Load{Model: good, Provider: "cpu", CPUs: "a-b"}, "option", "a-b"},
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
