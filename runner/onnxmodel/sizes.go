package onnxmodel

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tailscope/tailscope/runner/sys"
)

// sizes takes what the graph itself says about a language model.
func (i *Info) sizes(m *model) {
	if i.Kind != KindCausalLM {
		return
	}
	r := i.decode
	i.Layers = len(r.past)
	if i.Layers == 0 {
		i.Layers = len(r.present)
	}
	if v, ok := r.logits.Dim(2); ok {
		i.Vocab = int(v)
	}
	if len(r.past) > 0 && r.past[0].key != nil {
		k := r.past[0].key
		if v, ok := k.Dim(1); ok {
			i.KVHeads = int(v)
		}
		if v, ok := k.Dim(3); ok {
			i.HeadDim = int(v)
		}
	}
	m.graph.tensors(func(t *tensor) {
		if len(t.dims) != 2 || !isWeight[t.dtype] || t.dims[0] > 1<<31 || t.dims[1] > 1<<31 || t.dims[0] < 0 || t.dims[1] < 0 {
			return
		}
		switch {
		case strings.Contains(t.name, "wpe") || strings.Contains(t.name, "embed_positions") || strings.Contains(t.name, "position_embeddings"):
			i.MaxPositions = int(t.dims[0])
		case strings.Contains(t.name, "wte") || strings.Contains(t.name, "embed_tokens") || strings.Contains(t.name, "word_embeddings"):
			i.Width = int(t.dims[1])
			if i.Vocab == 0 {
				i.Vocab = int(t.dims[0])
			}
		}
	})
	if i.Width > 0 && i.HeadDim > 0 {
		i.Heads = i.Width / i.HeadDim
	}
}

// hfConfig are the keys of Hugging Face configurations that matter here,
// under the names of several families.
type hfConfig struct {
	ModelType             string `json:"model_type"`
	NLayer                int    `json:"n_layer"`
	NumLayers             int    `json:"num_layers"`
	NumHiddenLayers       int    `json:"num_hidden_layers"`
	NHead                 int    `json:"n_head"`
	NumAttentionHeads     int    `json:"num_attention_heads"`
	NumHeads              int    `json:"num_heads"`
	NumKeyValueHeads      int    `json:"num_key_value_heads"`
	HeadDim               int    `json:"head_dim"`
	NEmbd                 int    `json:"n_embd"`
	HiddenSize            int    `json:"hidden_size"`
	VocabSize             int    `json:"vocab_size"`
	NPositions            int    `json:"n_positions"`
	NCtx                  int    `json:"n_ctx"`
	MaxPositionEmbeddings int    `json:"max_position_embeddings"`
}

const maxConfig = 4 << 20

// readConfig takes sizes from config.json beside the model, or in the folder
// above when the model is in "onnx". Where it contradicts the graph, the
// graph is right and a note says so.
func (i *Info) readConfig() {
	dir := filepath.Dir(i.Path)
	dirs := []string{dir}
	if filepath.Base(dir) == "onnx" {
		dirs = append(dirs, filepath.Dir(dir))
	}
	for _, d := range dirs {
		if p := filepath.Join(d, "tokenizer.json"); i.Tokenizer == "" && sys.IsFile(p) {
			i.Tokenizer = p
		}
		if p := filepath.Join(d, "config.json"); i.Config == "" && sys.IsFile(p) {
			i.takeConfig(p)
		}
	}
}

func (i *Info) takeConfig(path string) {
	st, err := os.Stat(path)
	if err != nil || st.Size() > maxConfig {
		i.Notes = append(i.Notes, fmt.Sprintf("%s is too large to be a configuration; sizes come from the graph", path))
		return
	}
	b, err := os.ReadFile(path)
	if err != nil {
		i.Notes = append(i.Notes, fmt.Sprintf("config.json cannot be read (%v); sizes come from the graph", err))
		return
	}
	var c hfConfig
	if err := json.Unmarshal(b, &c); err != nil {
		i.Notes = append(i.Notes, fmt.Sprintf("config.json is not what Hugging Face writes (%v); sizes come from the graph", err))
		return
	}
	i.Config, i.ModelType = path, c.ModelType
	i.prefer("layers", &i.Layers, c.NLayer, c.NumHiddenLayers, c.NumLayers)
	i.prefer("vocabulary", &i.Vocab, c.VocabSize)
	i.prefer("key and value heads", &i.KVHeads, c.NumKeyValueHeads)
	i.prefer("head width", &i.HeadDim, c.HeadDim)
	i.take(&i.Heads, c.NHead, c.NumAttentionHeads, c.NumHeads)
	i.take(&i.Width, c.NEmbd, c.HiddenSize)
	i.take(&i.MaxPositions, c.NPositions, c.MaxPositionEmbeddings, c.NCtx)
	if i.KVHeads == 0 {
		i.KVHeads = i.Heads
	}
	if i.HeadDim == 0 && i.Heads > 0 {
		i.HeadDim = i.Width / i.Heads
	}
}

// take sets dst to the first positive value.
func (i *Info) take(dst *int, values ...int) {
	for _, v := range values {
		if v > 0 {
			*dst = v
			return
		}
	}
}

// prefer is take, unless the graph said otherwise.
func (i *Info) prefer(what string, dst *int, values ...int) {
	have := *dst
	i.take(dst, values...)
	if have > 0 && *dst != have {
		i.Notes = append(i.Notes, fmt.Sprintf("config.json says %d %s, the graph %d: the graph is right", *dst, what, have))
		*dst = have
	}
}
