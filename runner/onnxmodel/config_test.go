package onnxmodel

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// FuzzConfig reads a config.json beside a model.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"model_type":"gpt2","n_layer":12,"n_head":12,"n_embd":768,"vocab_size":50257,"n_positions":1024}`))
	f.Add([]byte(`{"hidden_size":9223372036854775807,"num_heads":-1,"head_dim":-9}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "config.json")
		must.OK(t, os.WriteFile(path, b, 0o600))
		i := &Info{Path: path}
		i.takeConfig(path)
		for _, n := range []int{i.Layers, i.Vocab, i.KVHeads, i.HeadDim, i.Heads, i.Width, i.MaxPositions} {
			if n < 0 {
				t.Errorf("%+v", i)
			}
		}
	})
}
