package onnxmodel

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
)

// TestEnsureBuiltinAtOnce: many callers get one complete model.
func TestEnsureBuiltinAtOnce(t *testing.T) {
	ownCache(t)
	var wg sync.WaitGroup
	paths := make([]string, 8)
	for i := range paths {
		wg.Go(func() {
			p, err := EnsureBuiltin("tiny-gpt2")
			if err != nil {
				t.Error(err)
				return
			}
			if info, err := Inspect(p); err != nil || info.Vocab != 50257 {
				t.Errorf("%v: %v", info, err)
			}
			paths[i] = p
		})
	}
	wg.Wait()
	for _, p := range paths {
		if p != paths[0] {
			t.Errorf("%s and %s", p, paths[0])
		}
	}
}

// TestEnsureBuiltinAfterCrash: what a process that died left is replaced.
func TestEnsureBuiltinAfterCrash(t *testing.T) {
	ownCache(t)
	p := must.Get(EnsureBuiltin("tiny-gpt2"))(t)
	dir := filepath.Dir(p)
	must.OK(t, os.Rename(dir, dir+".tmp"))
	must.OK(t, os.Truncate(filepath.Join(dir+".tmp", "model.onnx"), 100))
	must.Get(EnsureBuiltin("tiny-gpt2"))(t)
	if _, err := Inspect(p); err != nil {
		t.Error(err)
	}
}

func TestResolve(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	hub := filepath.Join(dir, "hub")
	os.MkdirAll(filepath.Join(hub, "onnx"), 0o755)
	two := filepath.Join(dir, "two [x]")
	os.MkdirAll(two, 0o755)
	for _, f := range []string{"hub/onnx/decoder_model.onnx", "hub/onnx/decoder_model_merged.onnx", "two [x]/a.onnx", "two [x]/b.onnx"} {
		os.WriteFile(filepath.Join(dir, f), []byte("x"), 0o644)
	}
	for in, want := range map[string]string{
		hub:                                  filepath.Join(hub, "onnx", "decoder_model_merged.onnx"),
		filepath.Join(two, "a.onnx"):         filepath.Join(two, "a.onnx"),
		two:                                  "error: several models (a.onnx, b.onnx)",
		filepath.Join(dir, "none"):           "error: built-in ones are named builtin:NAME",
		"tiny-gpt2":                          "error: builtin:tiny-gpt2",
		"builtin:nope":                       "error: there are default, tiny-gpt2, gpt2",
		filepath.Join(dir, "hub", "nothing"): "error: no model file or folder",
	} {
		got, err := Resolve(in)
		if sub, bad := strings.CutPrefix(want, "error: "); bad {
			if err == nil || !strings.Contains(err.Error(), sub) {
				t.Errorf("%s: error %v, want …%s…", in, err, sub)
			}
		} else if err != nil || got != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
}

// TestPrune: graphs of a model that has changed or gone go after a day, and
// those of other models stay.
func TestPrune(t *testing.T) {
	ownCache(t)
	path, other := testModel(t, "mlp"), testModel(t, "vision")
	age := func(dir string) {
		old := time.Now().Add(-2 * staleAfter)
		must.OK(t, os.Chtimes(filepath.Join(dir, sourceFile), old, old))
	}
	first, kept := prepared(t, path).Dir, prepared(t, other).Dir
	age(first)
	age(kept)
	now := time.Now().Add(time.Second)
	must.OK(t, os.Chtimes(path, now, now))
	second := prepared(t, path).Dir
	if _, err := os.Stat(first); !os.IsNotExist(err) || first == second {
		t.Errorf("%s is still there", first)
	}
	for _, dir := range []string{second, kept} {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
}

// TestACacheThatLostAFile says what to do: the worker ended in a panic.
func TestACacheThatLostAFile(t *testing.T) {
	ownCache(t)
	dir := must.Get(Prepare(must.Get(EnsureBuiltin("tiny-gpt2"))(t)))(t).Dir
	must.OK(t, os.Remove(filepath.Join(dir, prefillFile)))
	if _, err := Prepare(must.Get(EnsureBuiltin("tiny-gpt2"))(t)); err == nil || !strings.Contains(err.Error(), "delete "+dir) {
		t.Error(err)
	}
	must.OK(t, os.RemoveAll(dir))
	must.Get(Prepare(must.Get(EnsureBuiltin("tiny-gpt2"))(t)))(t)
}
