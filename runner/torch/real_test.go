package torch

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// openReal loads into a worker of a real torch, TAILSCOPE_TORCH_PYTHON.
func openReal(t *testing.T, load protocol.Load) *session {
	t.Helper()
	python := demand.TorchPython(t)
	dir := must.Get(install(t.TempDir()))(t)
	return openWorker(t, []string{python, filepath.Join(dir, "worker.py")}, nil, load)
}

// Lanes that differ by rounding alone are no divergence, those that compute
// something else are: a reference in higher precision tells them apart.
func TestReferenceTellsRoundingFromWrong(t *testing.T) {
	entry := must.Get(filepath.Abs("testdata/half.py"))(t)
	for maker, wrong := range map[string]bool{"rounding": false, "wrong": true} {
		s := openReal(t, protocol.Load{Name: "mine", Model: "x", Modes: []string{"forward"}, Threads: 1, Check: 1, Compile: "inline",
			Options: map[string]string{"entry": entry + ":" + maker, "device": "cpu", "explain": "false"}})
		const n = 12 // more than references are taken
		for i := range uint64(n) {
			r := req(i+1, "forward", "variable", "eager", 0, 0)
			r.Dims = map[string]int{"n": 64}
			s.send(r)
		}
		s.drainAndStop(t, n)
		d := s.events(stats.KindDivergence)
		if (len(d) == 0) == wrong {
			t.Errorf("%s: %d divergences of %d", maker, len(d), n)
		}
		for _, e := range d {
			if !strings.Contains(e.Reason, "higher precision") && !strings.Contains(e.Reason, "references were taken") {
				t.Errorf("%s: %s", maker, e.Reason)
			}
		}
	}
}

const local = `
import hashlib, os, tempfile, torch
from transformers import GPT2Config, GPT2LMHeadModel
from tailscope_torch import models, options
with tempfile.TemporaryDirectory() as d:
    made = GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=50, n_positions=16, bos_token_id=0, eos_token_id=0)).eval()
    made.save_pretrained(d)
    m, refusals = models.load({"model": d, "name": d}, options.parse({"device": "cpu", "dtype": "float32"}), print)
    with open(os.path.join(d, "model.safetensors"), "rb") as f: weights = f.read()
    ids = torch.tensor([[1, 2, 3]])
    print(m.kind, m.vocab, m.positions, m.bytes == len(weights), m.sha256 == hashlib.sha256(weights).hexdigest(), m.path == d,
          torch.equal(m.module(ids).logits, made(ids).logits), refusals)
`

// A Hugging Face folder is the model that was saved, known by the hash of its weights.
func TestAFolderIsTheModelThatWasSaved(t *testing.T) {
	got := withTransformers(t, local)
	if _, last, _ := strings.Cut(got, "GB\n"); last != "causal-lm 50 16 True True True True []\n" {
		t.Error(got)
	}
}
