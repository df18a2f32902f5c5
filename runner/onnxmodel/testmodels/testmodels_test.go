package testmodels

import (
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
)

func TestAllAreReadable(t *testing.T) {
	for _, m := range All() {
		t.Run(m.Name, func(t *testing.T) {
			path := must.Get(m.Write(t.TempDir()))(t)
			info := must.Get(onnxmodel.Inspect(path))(t)
			if lm := info.Kind == onnxmodel.KindCausalLM; lm != m.LM {
				t.Errorf("kind %s: %s", info.Kind, info.WhyNotLM)
			}
			if info.Bytes > 600_000 {
				t.Errorf("%d bytes", info.Bytes)
			}
			if m.Spec.Layers > 0 && (info.Layers != m.Spec.Layers || info.Vocab != m.Spec.Vocab || info.Heads != m.Spec.Heads) {
				t.Errorf("sizes %+v", info)
			}
		})
	}
}
